'use strict';

const { RocketMQError } = require('./error.js');
const { Producer } = require('./producer.js');
const { SendResult, BatchResult } = require('./result.js');
const { setLogger, setGlobal, configKeys, libraryVersion, buildInfo } = require('./process.js');

module.exports = {
    Producer,
    RocketMQError,
    SendResult,
    BatchResult,
    setLogger,
    setGlobal,
    configKeys,
    libraryVersion,
    buildInfo,
};
