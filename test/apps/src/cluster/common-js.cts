require('reflect-metadata');
const cluster = require('node:cluster') as { isMaster: boolean };

if (cluster.isMaster) void import('./primary.js').then(({ forkWorkers }) => forkWorkers());
else void import('./app.module.js').then(({ bootstrap }) => bootstrap());
