/** How commands know that the process which a daemon's record names is a daemon of ours. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runningDaemon } from '../../src/client/running-daemon.js';
import { writeDaemonRecord } from '../../src/config/daemon-record.js';
import { temporaryFolder } from '../helpers/temporary.js';

/** The data folder of a record that names a process: `script` with these arguments. */
async function recordOf(node: string, script: string, args: readonly string[]): Promise<string> {
    const dataDir = temporaryFolder();
    writeFileSync(script, 'process.stdin.resume();');
    const child = spawn(node, [script, ...args], { stdio: ['pipe', 'ignore', 'inherit'] });
    onTestFinished(async () => {
        const ended = once(child, 'exit');
        child.stdin?.end();
        await ended;
    });
    await once(child, 'spawn');
    writeDaemonRecord(dataDir, {
        ...{ pid: child.pid ?? 0, url: 'http://127.0.0.1:1', version: '1.0.0' },
        startedAt: '2026-01-01T00:00:00.000Z',
    });
    return dataDir;
}

describe.skipIf(process.platform !== 'linux')('a running daemon', () => {
    it('is found, also where Node lies in a folder called kvz-cloud', async () => {
        const folder = join(temporaryFolder(), 'kvz-cloud');
        mkdirSync(folder);
        const node = join(folder, 'node');
        symlinkSync(process.execPath, node);
        const script = join(folder, 'kvz-cloud.js');
        for (const each of [node, process.execPath]) {
            const dataDir = await recordOf(each, script, ['daemon', 'run', '--port', '0']);
            expect(runningDaemon(dataDir)).toMatchObject({ url: 'http://127.0.0.1:1' });
        }
    });

    it('is no other program that has its number now', async () => {
        const folder = temporaryFolder();
        const other = await recordOf(process.execPath, join(folder, 'x.js'), ['daemon', 'run']);
        expect(runningDaemon(other)).toBeUndefined();
        const script = join(folder, 'kvz-cloud.js');
        expect(runningDaemon(await recordOf(process.execPath, script, ['top']))).toBeUndefined();
        expect(runningDaemon(temporaryFolder())).toBeUndefined();
    });
});
