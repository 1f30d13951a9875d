'use strict';
// Finds the addon for this platform and refuses one that was made for another version.

const path = require('node:path');
const { version } = require('../package.json');

/**
 * Throws unless the addon, the library inside it and this package are of one version: below 1.0 the minor version
 * counts too.
 */
function check(native, wanted) {
    const [header, library, text] = native.processVersions();
    const [major, minor] = wanted.split('.').map(Number);
    const series = (major << 8) | minor;
    if (header >> 8 === series && library >> 8 === series) return native;
    throw new Error(
        `rocketmq-producer ${wanted} was loaded with a native library of version ${text}: install the package anew`,
    );
}

function load() {
    const platform = `${process.platform}-${process.arch}`;
    const file = path.join(__dirname, '..', 'prebuilds', platform, 'rocketmq_producer.node');
    try {
        return check(require(file), version);
    } catch (error) {
        if (error.code !== 'MODULE_NOT_FOUND' && error.code !== 'ERR_DLOPEN_FAILED') throw error;
        throw new Error(`rocketmq-producer ${version} has no native library for ${platform} that loads: ${file}`, {
            cause: error,
        });
    }
}

module.exports = { check, load, native: load() };
