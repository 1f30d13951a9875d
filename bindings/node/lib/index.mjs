import rocketmq from './index.js';

export const {
    Producer,
    RocketMQError,
    SendResult,
    BatchResult,
    setLogger,
    setGlobal,
    configKeys,
    libraryVersion,
    buildInfo,
} = rocketmq;
