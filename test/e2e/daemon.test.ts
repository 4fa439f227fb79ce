import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDaemonRecord } from '../../src/config/daemon-record.js';
import { sharedClip, temporaryFolder } from '../encoder/helpers/media.js';
import { newHome, runCommand } from '../helpers/command.js';

const folder = await temporaryFolder();

describe('the local daemon', () => {
    it('is started once by commands that start at once', async () => {
        const home = await newHome();
        const source = await sharedClip('asl-walk.mkv', folder);
        const results = await Promise.all(
            ['20', '30', '40'].map((qp) =>
                home.run(
                    ...['encode', source, '--preset', 'ultrafast', '-o', `${qp}.mkv`],
                    ...['--', '--qp', qp],
                ),
            ),
        );
        expect(results.map(({ status, stderr }) => [status, status === 0 ? '' : stderr])).toEqual(
            results.map(() => [0, '']),
        );
        const log = readFileSync(join(home.folder, 'logs', 'daemon.log'), 'utf8');
        expect(log.match(/"daemon runs"/g)).toHaveLength(1);
        const list = await home.run('jobs', '--json');
        expect(JSON.parse(list.stdout)).toHaveLength(3);
    });

    it('starts, tells its state, and stops', async () => {
        const home = await newHome();
        expect((await home.run('daemon', 'status')).status).toBe(4);
        expect((await home.run('daemon', 'start')).status).toBe(0);
        const status = await home.run('daemon', 'status', '--json');
        expect(status.status).toBe(0);
        const { pid } = JSON.parse(status.stdout) as { pid: number };
        expect(readDaemonRecord(join(home.folder, 'data'))).toMatchObject({ pid, url: home.url });
        expect((await home.run('daemon', 'start')).status).toBe(0);
        expect((await home.run('daemon', 'logs')).stdout).toContain('daemon runs');
        expect((await home.run('daemon', 'stop')).status).toBe(0);
        await expect(fetch(`${home.url}/healthz`)).rejects.toThrow('fetch failed');
        expect(existsSync(join(home.folder, 'data', 'daemon.json'))).toBe(false);
        expect((await home.run('daemon', 'status')).status).toBe(4);
    });

    it('names job and user on each line of its log about a job', async () => {
        const home = await newHome();
        const source = await sharedClip('asl-walk.mkv', folder);
        await home.run('daemon', 'start', '--log-level', 'debug');
        const quick = ['--preset', 'ultrafast', '-o', 'logged.mkv'];
        const { events } = await home.runJson('encode', source, ...quick);
        const { jobId } = events.at(-1) as { event: string; jobId?: string };
        await home.run('remove', String(jobId));
        await home.run('daemon', 'stop');
        const lines = readFileSync(join(home.folder, 'logs', 'daemon.log'), 'utf8').split('\n');
        const about = lines
            .filter((line) => line.includes(String(jobId)))
            .map((line) => JSON.parse(line) as Record<string, unknown>);
        expect(about.map((line) => line['state'])).toEqual(
            expect.arrayContaining(['uploading', 'queued', 'probing', 'encoding', 'ready']),
        );
        for (const line of about) expect(line).toMatchObject({ job: jobId, user: 1 });
    });

    it('is found at whatever port it was given', async () => {
        const home = await newHome();
        const port = new URL(home.url).port;
        const env = { ...home.env, KVZ_CLOUD_SERVER: '' };
        const run = (...args: string[]): ReturnType<typeof runCommand> =>
            runCommand(args, { env, cwd: home.outputs });
        expect((await run('daemon', 'start', '--port', port)).status).toBe(0);
        const jobs = await run('jobs', '--json');
        expect([jobs.status, jobs.stdout.trim()]).toEqual([0, '[]']);
        expect((await run('daemon', 'stop')).status).toBe(0);
    });

    it('keeps what it needs to itself', async () => {
        const home = await newHome();
        await home.run('daemon', 'start');
        await home.run('jobs');
        const mode = (path: string): number => statSync(join(home.folder, path)).mode & 0o077;
        expect(mode('token')).toBe(0);
        expect(mode('data')).toBe(0);
        expect(readFileSync(join(home.folder, 'logs', 'daemon.log'), 'utf8')).not.toContain(
            readFileSync(join(home.folder, 'token'), 'utf8').trim(),
        );
    });

    it('is not started for a server elsewhere', async () => {
        const home = await newHome();
        const result = await home.run('jobs', '--server', 'http://kvz-cloud.invalid:1');
        expect(result.status).toBe(4);
        expect(existsSync(join(home.folder, 'data'))).toBe(false);
    });
});
