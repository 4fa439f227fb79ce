/** `kvz-cloud download` as a user runs it. */
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
    FAST_OPTIONS,
    newToken,
    rawFile,
    rawVideo,
    sendAll,
    startTestDaemon,
    TestClient,
} from '../../helpers/daemon.js';
import { FakeDaemon } from '../helpers/fake-daemon.js';
import { runCli, startCli } from '../helpers/run-cli.js';
import { temporaryFolder } from '../../helpers/temporary.js';

describe('download', () => {
    it('goes on after Ctrl-C from what it has left', async () => {
        const result = randomBytes(400_000);
        const daemon = await new FakeDaemon({ result }).listen();
        onTestFinished(() => daemon.close());
        const cwd = temporaryFolder();
        const options = { cwd, home: temporaryFolder(), server: daemon.url, token: daemon.token };
        const job = daemon.addJob({ id: 'abc', state: 'ready', size: 1_000 });
        daemon.jobs.set('abc', { ...job, result: daemon.resultOf(job) });
        daemon.resultFault = () => ({ stall: 250_000 });
        const first = startCli(['download', 'abc', '-o', 'out.mkv'], options);
        await expect
            .poll(() => readdirSync(cwd).map((name) => statSync(join(cwd, name)).size))
            .toEqual([250_000]);
        first.child.kill('SIGINT');
        const { status, stdout, stderr } = await first.result;
        expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
        expect(stderr).toMatch(
            /\d+ kB are in out\.mkv\.\w+-[\w-]+\.part; the same command goes on/,
        );

        daemon.resultFault = () => undefined;
        const second = await runCli(['download', 'abc', '-o', 'out.mkv'], options);
        expect(second).toMatchObject({ status: 0, stdout: 'out.mkv (400 kB)\n', stderr: '' });
        expect(daemon.resultRanges).toEqual([undefined, 'bytes=250000-']);
        expect(readFileSync(join(cwd, 'out.mkv')).equals(result)).toBe(true);
        expect(readdirSync(cwd)).toEqual(['out.mkv']);
    });

    it('--url prints an address that is good once, without a token', async () => {
        const token = newToken();
        const daemon = await startTestDaemon();
        const client = await TestClient.connect(daemon.url, token);
        const bytes = rawVideo(1);
        const request = { type: 'encode.request', file: rawFile(bytes), options: FAST_OPTIONS };
        const reply = await client.request(request);
        await sendAll(daemon.url, token, (reply['upload'] as { id: string }).id, bytes);
        await client.waitForState(reply.jobId, 'ready');
        const id = String(reply.jobId);
        const home = temporaryFolder();
        const run = (...args: string[]) =>
            runCli(['download', ...args], { cwd: home, home, server: daemon.url, token });

        const { status, stdout } = await run(id, '--url');
        expect(status).toBe(0);
        const url = stdout.trimEnd();
        expect(url).toMatch(new RegExp(`^${daemon.url}/jobs/${id}/result\\?ticket=[\\w-]{43}$`));
        const response = await fetch(url);
        expect(response.headers.get('content-disposition')).toContain('attachment; filename=');
        expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(0);
        expect((await fetch(url)).status).toBe(401);

        const document = JSON.parse((await run(id, '--url', '--json')).stdout) as object;
        expect(document).toEqual({
            jobId: id,
            url: expect.stringMatching(/\?ticket=/) as string,
            expiresAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        });
        expect(await run(id, '--url', '-o', 'x.mkv')).toMatchObject({
            status: 2,
            stderr: expect.stringContaining("'--url' cannot be used with option") as string,
        });
        expect(await run('0'.repeat(id.length), '--url')).toMatchObject({ status: 3, stdout: '' });
    });
});
