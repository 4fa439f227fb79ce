/** What the end of each test file looks for is found. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { expect, inject, it, onTestFinished } from 'vitest';
import { kill, listeningPorts, processesOf } from './processes.js';

/** Listens, says where, and goes on in a session of its own after its parent has ended. */
const ORPHAN = `
    const { spawn } = require('node:child_process');
    const code = "const server = require('net').createServer().listen(0, '127.0.0.1', () => " +
        "console.log(process.pid, server.address().port))";
    const options = { detached: true, stdio: ['ignore', 'inherit', 'ignore'] };
    spawn(process.execPath, ['-e', code], options).unref();
`;

it.runIf(process.platform === 'linux')(
    'finds a process that nobody is the parent of, and its port',
    async () => {
        expect(tmpdir().startsWith(inject('runFolder'))).toBe(true);
        const parent = spawn(process.execPath, ['-e', ORPHAN], {
            stdio: ['ignore', 'pipe', 'inherit'],
        });
        const [[line]] = await Promise.all([once(parent.stdout, 'data'), once(parent, 'exit')]);
        const [pid, port] = String(line).trim().split(' ').map(Number);
        const found = processesOf(tmpdir(), process.pid);
        onTestFinished(() => kill(found));
        expect(found).toMatchObject([{ pid, ports: [port] }]);
    },
);

it.runIf(process.platform === 'linux')(
    'finds a port that the tests themselves listen on',
    async () => {
        const before = listeningPorts(process.pid);
        const server = createServer().listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        expect(listeningPorts(process.pid)).toEqual([...before, port]);
        server.close();
        await once(server, 'close');
        expect(listeningPorts(process.pid)).toEqual(before);
    },
);
