/** The commands about jobs, as a user runs them, against a scripted daemon. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeDaemon } from '../helpers/fake-daemon.js';
import { runCli, startCli } from '../helpers/run-cli.js';
import type { CliOptions, CliResult } from '../helpers/run-cli.js';
import { temporaryFolder } from '../../helpers/temporary.js';

let daemon: FakeDaemon;
let options: CliOptions;

beforeEach(async () => {
    daemon = await new FakeDaemon().listen();
    const { url: server, token } = daemon;
    options = { cwd: temporaryFolder(), home: temporaryFolder(), server, token };
});

afterEach(async () => {
    await daemon.close();
});

const run = (...args: string[]): Promise<CliResult> => runCli(args, options);

function addReady(id: string): void {
    const job = daemon.addJob({ id, state: 'ready', size: 1_000 });
    daemon.jobs.set(id, { ...job, result: daemon.resultOf(job) });
}

describe('jobs', () => {
    it('lists them', async () => {
        addReady('aaa');
        daemon.addJob({
            id: 'bbb',
            state: 'encoding',
            size: 2_500_000,
            progress: { frame: 5, percent: 42.9, etaSeconds: 61 },
        });
        const { status, stdout } = await run('jobs');
        expect(status).toBe(0);
        const rows = stdout.trimEnd().split('\n');
        expect(rows[0]).toMatch(/^ID +STATE +FILE +SIZE +PRESET +TYPE +AGE +RESULT$/);
        expect(rows[1]).toMatch(
            /^aaa +ready +clip\.mp4 +1\.00 kB +medium +mkv +\d+ d +16 B, 0:04$/,
        );
        expect(rows[2]).toMatch(/^bbb +encoding 42 % +clip\.mp4 +2\.50 MB .* 1:01 left$/);
    });

    it('gives one JSON document', async () => {
        addReady('aaa');
        const { stdout } = await run('jobs', '--json');
        expect(JSON.parse(stdout)).toEqual([daemon.job('aaa')]);
        daemon.jobs.clear();
        expect(JSON.parse((await run('jobs', '--json')).stdout)).toEqual([]);
    });

    it('keeps names from ruling the terminal', async () => {
        daemon.addJob({ id: 'aaa', name: 'evil\u001b[2Jname.mp4' });
        const { stdout } = await run('jobs');
        expect(stdout).toContain('evil\ufffd[2Jname.mp4');
    });
});

describe('job', () => {
    it('shows one', async () => {
        addReady('aaa');
        const { status, stdout } = await run('job', 'aaa');
        expect(status).toBe(0);
        expect(stdout).toMatch(/^id +aaa$/m);
        expect(stdout).toMatch(/^video +100 frames \(25 of them logo\), 0:04, 123 kbit\/s/m);
    });

    it('shows which worker machine is at it', async () => {
        daemon.addJob({ id: 'aaa', state: 'encoding', worker: 'lab-1' });
        expect((await run('job', 'aaa')).stdout).toMatch(/^worker +lab-1$/m);
    });

    it('shows why one failed', async () => {
        daemon.addJob({
            id: 'aaa',
            state: 'failed',
            failure: {
                code: 'KVAZAAR_FAILED',
                message: 'it broke',
                program: 'kvazaar',
                signal: 'SIGABRT',
                hint: 'try again',
            },
        });
        const { stdout } = await run('job', 'aaa');
        expect(stdout).toMatch(/^failure +it broke \(KVAZAAR_FAILED\)$/m);
        expect(stdout).toMatch(/^program +kvazaar, ended by SIGABRT$/m);
        expect(stdout).toMatch(/^hint +try again$/m);
    });

    it('exits 3 for one that is not there', async () => {
        const { status, stderr } = await run('job', 'nothing');
        expect({ status, stderr }).toEqual({ status: 3, stderr: 'kvz-cloud: no job nothing\n' });
    });
});

describe('wait', () => {
    it('ends with the last job, with the status of the worst', async () => {
        addReady('aaa');
        daemon.addJob({ id: 'bbb', state: 'queued' });
        const running = startCli(['wait', 'aaa', 'bbb'], options);
        await running.saw('aaa ready');
        daemon.update('bbb', { state: 'failed', failure: { code: 'X', message: 'it broke' } });
        expect(await running.result).toEqual({
            status: 5,
            stdout: 'aaa ready\nbbb failed\n',
            stderr: 'kvz-cloud: bbb: it broke\n',
        });
    });

    it('exits 0 when all are ready, 6 when one was cancelled, 3 for an unknown one', async () => {
        addReady('aaa');
        daemon.addJob({ id: 'ccc', state: 'cancelled' });
        expect((await run('wait', 'aaa')).status).toBe(0);
        expect((await run('wait', 'aaa', 'ccc')).status).toBe(6);
        const { status, stdout } = await run('wait', 'aaa', 'zzz', '--json');
        expect(status).toBe(3);
        expect(JSON.parse(stdout)).toEqual([
            daemon.job('aaa'),
            { id: 'zzz', error: { code: 'UNKNOWN_JOB', message: 'no job zzz' } },
        ]);
    });
});

describe('logs, cancel, retry and remove', () => {
    it('do it to each job, and tell of those where it fails', async () => {
        addReady('aaa');
        daemon.addJob({ id: 'bbb', state: 'queued' });
        expect((await run('logs', 'aaa')).stdout).toBe('one\ntwo\n');
        expect(await run('cancel', 'zzz', 'bbb')).toEqual({
            status: 3,
            stdout: 'bbb is cancelled\n',
            stderr: 'kvz-cloud: no job zzz\n',
        });
        expect((await run('retry', 'aaa')).stdout).toBe('aaa is ready\n');
        expect(JSON.parse((await run('remove', 'aaa', '--json')).stdout)).toEqual([
            { id: 'aaa', removed: true },
        ]);
    });
});

describe('download', () => {
    it('fetches the result, and does not overwrite', async () => {
        addReady('aaa');
        const first = await run('download', 'aaa');
        expect(first).toMatchObject({ status: 0, stdout: 'clip.mp4.hevc.mkv (16 B)\n' });
        expect(readFileSync(join(options.cwd, 'clip.mp4.hevc.mkv'))).toEqual(daemon.result);
        expect((await run('download', 'aaa')).status).toBe(2);
        expect((await run('download', 'aaa', '--force')).status).toBe(0);
    });

    it('makes the folder that -o is written as', async () => {
        addReady('aaa');
        expect((await run('download', 'aaa', '-o', 'new/folder/')).status).toBe(0);
        expect(readdirSync(join(options.cwd, 'new/folder'))).toEqual(['clip.mp4.hevc.mkv']);
        const { status, stderr } = await run('download', 'aaa', '-o', 'other/clip.mkv');
        expect(status).toBe(2);
        expect(stderr).toContain('there is no such folder');
    });

    it('writes to stdout with -o -', async () => {
        addReady('aaa');
        const { status, stdout, stderr } = await run('download', 'aaa', '-o', '-');
        expect({ status, stderr }).toEqual({ status: 0, stderr: 'kvz-cloud: stdout (16 B)\n' });
        expect(stdout).toBe(daemon.result.toString());
        expect(readdirSync(options.cwd)).toEqual([]);
        expect((await run('download', 'aaa', '-o', '-', '--json')).status).toBe(2);
    });

    it('takes the name from the daemon as a name only', async () => {
        addReady('aaa');
        const job = daemon.job('aaa');
        daemon.jobs.set('aaa', {
            ...job,
            result: { ...daemon.resultOf(job), fileName: '../../escaped.mkv' },
        });
        expect((await run('download', 'aaa')).status).toBe(0);
        expect(readdirSync(options.cwd)).toEqual(['escaped.mkv']);
    });

    it('says that there is no result yet, or never', async () => {
        daemon.addJob({ id: 'bbb', state: 'queued' });
        daemon.addJob({ id: 'ccc', state: 'failed', failure: { code: 'X', message: 'it broke' } });
        const early = await run('download', 'bbb');
        expect(early.status).toBe(3);
        expect(early.stderr).toContain('"kvz-cloud wait bbb" waits');
        expect((await run('download', 'ccc')).status).toBe(5);
        expect(readdirSync(options.cwd)).toEqual([]);
    });
});

describe('all of them', () => {
    it.each([['jobs'], ['job x'], ['wait x'], ['logs x'], ['cancel x'], ['download x']])(
        '%s: exit status 4 when no daemon runs, and none is started',
        async (line) => {
            await daemon.close();
            const { status, stderr } = await run(...line.split(' '));
            expect(status).toBe(4);
            expect(stderr).toContain('"kvz-cloud daemon start" starts one');
        },
    );
});
