/** `top` in a terminal, with a daemon that does what its keys say. */
import { expect, it } from 'vitest';
import type { RunningDaemon } from '../../../src/daemon/daemon.js';
import { openCommandTerminal } from '../../helpers/command-terminal.js';
import {
    FAST_OPTIONS,
    newToken,
    rawFile,
    rawVideo,
    sendAll,
    startTestDaemon,
    TestClient,
} from '../../helpers/daemon.js';
import type { Terminal } from '../../helpers/terminal.js';

/** A queue that is paused, with two jobs of the administrator. */
async function pausedQueue(): Promise<{
    daemon: RunningDaemon;
    token: string;
    client: TestClient;
    ids: Record<'one' | 'two', string>;
}> {
    const token = newToken();
    const daemon = await startTestDaemon({}, token);
    const client = await TestClient.connect(daemon.url, token);
    await client.request({ type: 'queue.pause' });
    const send = async (name: string): Promise<string> => {
        const bytes = rawVideo(1);
        const file = { ...rawFile(bytes), name: `${name}.yuv` };
        const reply = await client.request({ type: 'encode.request', file, options: FAST_OPTIONS });
        await sendAll(daemon.url, token, (reply['upload'] as { id: string }).id, bytes);
        await client.waitForState(reply.jobId, 'queued');
        return String(reply.jobId);
    };
    return { daemon, token, client, ids: { one: await send('one'), two: await send('two') } };
}

async function openTop(daemon: RunningDaemon, token: string): Promise<Terminal> {
    const { url } = daemon;
    const terminal = await openCommandTerminal({ url, token }, { columns: 100, rows: 20 });
    await terminal.command('kvz-cloud top');
    await terminal.waitFor((screen) => /one\.yuv/.test(screen) && /two\.yuv/.test(screen));
    return terminal;
}

it('cancels after a yes, tries again, changes priorities, pauses and lets go on', async () => {
    const { daemon, token, client, ids } = await pausedQueue();
    const { jobs, meta } = daemon.context.store;
    const terminal = await openTop(daemon, token);
    expect(await terminal.waitFor('paused')).toMatch(/^▸ queued/m);

    /** Goes to a job, whatever place it has now. */
    const select = async (name: string): Promise<void> => {
        await terminal.keys('Home');
        const isSelected = (screen: string): boolean =>
            new RegExp(`^▸ .*${name}\\.yuv`, 'm').test(screen);
        // The first row is selected once it is marked.
        const rows = (screen: string): string[] =>
            screen.split('\n').filter((row) => row.includes('.yuv') && !row.includes('?'));
        const first = await terminal.waitFor((screen) => rows(screen)[0]?.startsWith('▸') === true);
        if (!isSelected(first)) await terminal.keys('Down');
        await terminal.waitFor(isSelected);
    };

    await select('two');
    await terminal.keys('+');
    await terminal.waitFor('two.yuv has priority 1');
    expect(jobs.get(ids.two)?.priority).toBe(1);
    expect(jobs.get(ids.one)?.priority).toBe(0);

    await select('one');
    await terminal.keys('c');
    await terminal.waitFor('cancel one.yuv? (y/n)');
    await terminal.keys('n');
    await terminal.waitFor((screen) => !screen.includes('(y/n)'));
    expect(jobs.get(ids.one)?.state).toBe('queued');
    await terminal.keys('c');
    await terminal.waitFor('cancel one.yuv? (y/n)');
    await terminal.keys('y');
    await terminal.waitFor('one.yuv is cancelled');
    expect(jobs.get(ids.one)?.state).toBe('cancelled');
    expect(jobs.get(ids.two)?.state).toBe('queued');

    await select('one');
    await terminal.keys('r');
    await terminal.waitFor('one.yuv is queued again');
    expect(jobs.get(ids.one)?.state).toBe('queued');

    await terminal.keys('p');
    await terminal.waitFor('the queue goes on');
    await client.waitForState(ids.one, 'ready');
    await client.waitForState(ids.two, 'ready');
    await terminal.waitFor((screen) => (screen.match(/^. ready/gm) ?? []).length === 2);
    await terminal.keys('p');
    await terminal.waitFor('pause the queue?');
    await terminal.keys('y');
    await terminal.waitFor('the queue is paused');
    expect(meta.pause).toMatchObject({ by: expect.any(String) as string });

    await terminal.keys('C-c');
    expect(await terminal.prompt()).not.toContain('one.yuv');
    expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
});
