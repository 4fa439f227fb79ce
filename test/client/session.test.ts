import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JobTracker } from '../../src/client/job-tracker.js';
import { Session } from '../../src/client/session.js';
import type { SessionOptions } from '../../src/client/session.js';
import { FakeDaemon } from '../cli/helpers/fake-daemon.js';

let daemon: FakeDaemon;
const sessions: Session[] = [];

beforeEach(async () => {
    daemon = await new FakeDaemon().listen();
});

afterEach(async () => {
    for (const session of sessions.splice(0)) session.close();
    await daemon.close();
});

async function open(options: Partial<SessionOptions> = {}): Promise<Session> {
    const session = await Session.open({ server: daemon.url, token: daemon.token, ...options });
    sessions.push(session);
    return session;
}

describe('a session', () => {
    it('asks, and gets the answer to its question', async () => {
        const session = await open();
        const a = daemon.addJob();
        const b = daemon.addJob();
        const ask = (jobId: string): Promise<string> =>
            session.request<'job.get'>({ type: 'job.get', jobId }).then(({ job }) => job.id);
        expect(await Promise.all([ask(b.id), ask(a.id)])).toEqual([b.id, a.id]);
    });

    it('hands on the error that the daemon names', async () => {
        const session = await open();
        const asked = session.request<'job.get'>({ type: 'job.get', jobId: 'none' });
        await expect(asked).rejects.toMatchObject({ code: 'UNKNOWN_JOB', exit: 3 });
    });

    it('says when the token is not accepted', async () => {
        await expect(open({ token: 'another-token-than-that' })).rejects.toMatchObject({
            code: 'NOT_AUTHORISED',
            exit: 4,
        });
    });

    it('says when nobody answers', async () => {
        await daemon.close();
        await expect(open()).rejects.toMatchObject({
            code: 'UNREACHABLE',
            message: `cannot reach the daemon at ${daemon.url}: connection refused`,
        });
    });

    it('says when an answer cannot be understood', async () => {
        const session = await open();
        daemon.answer = ({ type }) =>
            type === 'job.get' ? { type: 'options.ok', normal: '' } : undefined;
        const asked = session.request<'job.get'>({ type: 'job.get', jobId: 'x' });
        await expect(asked).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
    });

    it('starts a daemon where none runs, once', async () => {
        await daemon.close();
        let starts = 0;
        const session = await open({
            startDaemon: async () => {
                starts++;
                await daemon.listen();
            },
        });
        expect(session.info.server).toBe('kvz-cloud 0.1.0');
        expect(starts).toBe(1);
    });

    it('asks again over a new connection when one breaks before the answer', async () => {
        const away: boolean[] = [];
        const session = await open({ onAway: (reason) => away.push(reason !== undefined) });
        const job = daemon.addJob();
        let cuts = 0;
        daemon.answer = ({ type }) => {
            if (type === 'job.get' && cuts++ < 2) daemon.cutWebSockets();
            return undefined;
        };
        const reply = await session.request<'job.get'>({ type: 'job.get', jobId: job.id });
        expect(reply.job.id).toBe(job.id);
        expect(away).toEqual([true, false, true, false]);
    });

    it('takes a job as it is after the events that follow on the answer', async () => {
        const session = await open();
        for (let n = 0; n < 50; n++) {
            const job = daemon.addJob({ state: 'queued' });
            daemon.answer = (message) => {
                if (message.type !== 'job.watch') return undefined;
                // The events leave right behind the answer, in one packet with it.
                queueMicrotask(() => daemon.finish(job.id));
                return { type: 'job', job };
            };
            const tracker = new JobTracker(session, job.id, () => undefined);
            expect((await tracker.untilReady()).state).toBe('ready');
            tracker.close();
        }
    });

    it('resumes after the last event seen, and misses none', async () => {
        const session = await open();
        const job = daemon.addJob({ state: 'queued' });
        const states: string[] = [];
        const tracker = new JobTracker(session, job.id, ({ state }) => states.push(state));
        await tracker.until(({ state }) => state === 'queued');
        daemon.update(job.id, { state: 'probing' });
        await tracker.until(({ state }) => state === 'probing');
        await daemon.close();
        daemon.update(job.id, { state: 'encoding' });
        daemon.update(job.id, { state: 'packaging' });
        await daemon.listen();
        daemon.update(job.id, { state: 'failed', failure: { code: 'X', message: 'so it is' } });
        await expect(tracker.untilReady()).rejects.toMatchObject({
            code: 'JOB_FAILED',
            message: 'so it is',
            jobId: job.id,
        });
        expect(daemon.messages('init').at(-1)?.resumeFrom).toBe(1);
        expect(states.filter((state) => state === 'probing')).toHaveLength(1);
        tracker.close();
    });

    it('follows on when the daemon has a new database and counts from the start', async () => {
        const session = await open();
        const job = daemon.addJob({ state: 'queued' });
        for (let n = 0; n < 5; n++) daemon.update(job.id, { state: 'queued' });
        const tracker = new JobTracker(session, job.id, () => undefined);
        await tracker.until(({ state }) => state === 'queued');
        const { url } = daemon;
        await daemon.close();
        daemon = new FakeDaemon({ port: Number(new URL(url).port) });
        daemon.addJob({ ...job });
        await daemon.listen();
        await daemon.message('job.watch');
        daemon.update(job.id, { state: 'ready', result: daemon.resultOf(job) });
        expect((await tracker.untilReady()).state).toBe('ready');
        tracker.close();
    });

    it('gives up when the daemon stays away', async () => {
        const session = await open({ patience: { inactivityMs: 60_000, giveUpMs: 50 } });
        const tracker = new JobTracker(session, daemon.addJob().id, () => undefined);
        await tracker.until(() => true);
        await daemon.close();
        await expect(tracker.untilReady()).rejects.toMatchObject({ code: 'UNREACHABLE' });
        await expect(session.request({ type: 'server.stats' })).rejects.toMatchObject({ exit: 4 });
    });

    it('does not come back to a daemon that no longer accepts it', async () => {
        const session = await open();
        const tracker = new JobTracker(session, daemon.addJob().id, () => undefined);
        await tracker.until(() => true);
        daemon.answer = ({ type }) =>
            type === 'init'
                ? { type: 'error', code: 'NOT_AUTHORISED', message: 'revoked' }
                : undefined;
        daemon.cut();
        await expect(tracker.untilReady()).rejects.toMatchObject({ code: 'NOT_AUTHORISED' });
    });

    it('ends with the reason of its signal', async () => {
        const controller = new AbortController();
        const session = await open({ signal: controller.signal });
        await daemon.close();
        const asked = session.request({ type: 'server.stats' });
        const reason = new Error('stop');
        controller.abort(reason);
        await expect(asked).rejects.toBe(reason);
    });
});
