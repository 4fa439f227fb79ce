import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { RunningDaemon } from '../../../src/daemon/daemon.js';
import { withTokensOf } from '../../../src/daemon/access/token-admin.js';
import { newToken, startTestDaemon, TestClient } from '../../helpers/daemon.js';
import { makeReadyJob, makeResult } from '../../helpers/results.js';

const bearer = (token: string): { headers: Record<string, string> } => ({
    headers: { authorization: `Bearer ${token}` },
});
const newJob = (daemon: RunningDaemon, token: string): string =>
    makeReadyJob(daemon, token, makeResult(daemon, 1000));
const codeOf = async (response: Response): Promise<unknown> =>
    ((await response.json()) as { code: unknown }).code;

describe('wrong tokens', () => {
    it('are listened to so often; who was let in before goes on', async () => {
        const { url, context } = await startTestDaemon({
            access: 'issued',
            failedLoginsPerMinute: 3,
        });
        const [anna, ben] = ['anna', 'ben'].map(
            (name) => context.store.tokens.issue(name, 'user', Date.now()) ?? '',
        );
        const ask = async (token = ''): Promise<Response> =>
            fetch(`${url}/jobs/x/result`, bearer(token));
        expect(await codeOf(await ask(anna))).toBe('UNKNOWN_JOB');
        for (let i = 0; i < 3; i += 1) {
            const response = await ask(newToken());
            expect([response.status, await codeOf(response)]).toEqual([401, 'NOT_AUTHORISED']);
        }
        const blocked = await ask(newToken());
        expect(blocked.status).toBe(503);
        expect(blocked.headers.get('retry-after')).toMatch(/^\d+$/);
        expect(await codeOf(blocked)).toBe('TOO_MANY_REQUESTS');
        // Not even a right one is tried from there, unless it was good from there before.
        expect(await codeOf(await ask(ben))).toBe('TOO_MANY_REQUESTS');
        expect(await codeOf(await ask(anna))).toBe('UNKNOWN_JOB');

        const client = await TestClient.open(url);
        const refused = await client.request({ type: 'init', protocol: 1, token: newToken() });
        expect(refused).toMatchObject({ type: 'error', code: 'TOO_MANY_REQUESTS' });
    });

    it('say the same, whatever is wrong with them', async () => {
        const { url, context } = await startTestDaemon({ access: 'issued' });
        const { tokens } = context.store;
        const revoked = tokens.issue('anna', 'user', Date.now()) ?? '';
        tokens.revoke('anna', Date.now());
        const expired = tokens.issue('ben', 'user', Date.now(), 1) ?? '';
        const answers = await Promise.all(
            [newToken(), revoked, expired, 'short', `${revoked}x`].map(async (token) =>
                (await fetch(`${url}/jobs/x/result`, bearer(token))).text(),
            ),
        );
        expect(new Set(answers).size).toBe(1);
    });
});

describe('a token that ends', () => {
    it('ends its sockets and its transfers, also when it is revoked by another process', async () => {
        const { url, context } = await startTestDaemon({ access: 'issued' });
        const token = context.store.tokens.issue('anna', 'user', Date.now()) ?? '';
        const other = context.store.tokens.issue('ben', 'user', Date.now()) ?? '';
        const client = await TestClient.connect(url, token);
        const ben = await TestClient.connect(url, other);
        const reply = await client.request({
            type: 'encode.request',
            file: { id: 'a'.repeat(64), name: 'x', size: 1024 * 1024, kind: 'container' },
        });
        const { id } = reply['upload'] as { id: string };
        const body = httpRequest(
            `${url}/upload?resumableIdentifier=${id}&resumableChunkNumber=1` +
                '&resumableChunkSize=1048576&resumableTotalSize=1048576',
            {
                method: 'POST',
                headers: {
                    ...bearer(token).headers,
                    'content-type': 'application/octet-stream',
                    'content-length': 1024 * 1024,
                    expect: '100-continue',
                },
            },
        );
        const broken = new Promise<void>((resolve) => body.once('error', () => resolve()));
        await new Promise<void>((resolve) => {
            body.once('continue', () => body.write(Buffer.alloc(1000), () => resolve()));
            body.flushHeaders();
        });

        withTokensOf(context.settings.dataDir, (admin) => admin.revoke('anna'));
        await client.waitForClose();
        await broken;
        expect(client.messages.at(-1)).toMatchObject({ re: null, code: 'NOT_AUTHORISED' });
        expect(await ben.request({ type: 'jobs.list' })).toMatchObject({ type: 'jobs' });
        expect((await fetch(`${url}/jobs/x/result`, bearer(token))).status).toBe(401);
    });

    it('ends its sockets when its time is over', async () => {
        const { url, context } = await startTestDaemon({ access: 'issued' });
        // On a busy machine it may be over before it was used.
        const open = async (lifeMs: number): Promise<TestClient> => {
            const now = Date.now();
            const name = `anna-${lifeMs}`;
            const token = context.store.tokens.issue(name, 'user', now, now + lifeMs) ?? '';
            const client = await TestClient.connect(url, token);
            return client.messages[0]?.type === 'init.ok' ? client : open(lifeMs * 3);
        };
        const client = await open(700);
        await client.waitForClose();
        expect(client.messages.at(-1)).toMatchObject({ re: null, code: 'NOT_AUTHORISED' });
    });
});

describe('a ticket', () => {
    it('downloads one result once, without a token', async () => {
        const daemon = await startTestDaemon();
        const { url } = daemon;
        const token = newToken();
        const [jobId, otherJob] = [newJob(daemon, token), newJob(daemon, token)];
        const client = await TestClient.connect(url, token);
        const ticketFor = async (id: string): Promise<string> => {
            const reply = await client.request({ type: 'job.ticket', jobId: id });
            return reply['url'] as string;
        };
        const path = await ticketFor(jobId);
        expect(path).not.toContain(token);
        const [first, second] = [await fetch(`${url}${path}`), await fetch(`${url}${path}`)];
        expect(first.status).toBe(200);
        await first.arrayBuffer();
        expect([second.status, await codeOf(second)]).toEqual([401, 'NOT_AUTHORISED']);

        const elsewhere = (await ticketFor(jobId)).replace(jobId, otherJob);
        expect((await fetch(`${url}${elsewhere}`)).status).toBe(401);
        const frames = (await ticketFor(jobId)).replace('/result', '/frames');
        expect((await fetch(`${url}${frames}`)).status).toBe(401);
        expect((await fetch(`${url}/jobs/${jobId}/result?ticket=x&ticket=y`)).status).toBe(401);
    });

    it('is not given for what is not the user’s', async () => {
        const daemon = await startTestDaemon();
        const jobId = newJob(daemon, newToken());
        const client = await TestClient.connect(daemon.url, newToken());
        expect(await client.request({ type: 'job.ticket', jobId })).toMatchObject({
            code: 'UNKNOWN_JOB',
        });
    });
});
