'use strict';
// The package as users have it: packed, and installed into an empty folder without a network and without scripts.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** The folder; what is put there finds the package. */
function install() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rocketmq-node-'));
    fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
    execFileSync(
        'npm',
        [
            'install',
            '--silent',
            '--offline',
            '--ignore-scripts',
            '--no-audit',
            '--no-fund',
            process.env.ROCKETMQ_PACKAGE,
        ],
        { cwd: folder, stdio: 'inherit' },
    );
    return folder;
}

module.exports = { install };
