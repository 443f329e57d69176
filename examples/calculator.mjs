#!/usr/bin/env node
// Answers sums such as [6, "*", 7]:  ductworks exec examples/calculator.mjs
// Takes its end by connecting to $DUCTWORKS_PATH, or to $DUCTWORKS_HOST and $DUCTWORKS_PORT.
import net from 'node:net';

const sums = { '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => a / b };
const { DUCTWORKS_PATH: path, DUCTWORKS_HOST: host, DUCTWORKS_PORT: port } = process.env;
const duct = net.connect(path ? { path } : { host, port });
let buffer = Buffer.alloc(0);

duct.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (let end; buffer.length >= 5 && buffer.length >= (end = 5 + buffer.readUInt32BE(1)); buffer = buffer.subarray(end)) {
        if (buffer[0] !== 0x54) throw new Error('calculator.mjs: this is no frame');
        const [a, operator, b] = JSON.parse(buffer.subarray(5, end));
        const answer = Buffer.from(JSON.stringify(sums[operator](a, b)));
        const header = Buffer.from('T\0\0\0\0');
        header.writeUInt32BE(answer.length, 1);
        duct.write(Buffer.concat([header, answer]));
    }
});
