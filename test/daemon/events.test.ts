/** What clients hear of their user's jobs, and what of it is kept. */
import { describe, expect, it } from 'vitest';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import { newToken, rawVideo, startTestDaemon, TestClient } from '../helpers/daemon.js';
import { finishJob } from '../helpers/jobs.js';

const runJob = async (daemon: RunningDaemon, client: TestClient, token: string): Promise<string> =>
    (await finishJob(daemon, rawVideo(3), { client, token })).jobId;

const eventsOf = ({ messages }: TestClient): unknown[] =>
    messages.filter(({ type }) => type === 'job.event');
const numbersOf = (client: TestClient): unknown[] =>
    client.messages.filter(({ type }) => type === 'job.event').map(({ seq }) => seq);

describe('events', () => {
    it('are the same for all clients of a user, and nobody else hears them', async () => {
        const daemon = await startTestDaemon();
        const token = newToken();
        const first = await TestClient.connect(daemon.url, token);
        const second = await TestClient.connect(daemon.url, token);
        const stranger = await TestClient.connect(daemon.url, newToken());
        const jobId = await runJob(daemon, first, token);
        await second.waitForState(jobId, 'ready');
        expect(eventsOf(second)).toEqual(eventsOf(first));
        expect(eventsOf(first).length).toBeGreaterThan(4);
        expect(eventsOf(stranger)).toEqual([]);
    });

    it('come exactly once and in order, however often a client goes away', async () => {
        const daemon = await startTestDaemon();
        const token = newToken();
        const watcher = await TestClient.connect(daemon.url, token);
        let seen = 0;
        const heard: unknown[] = [];
        for (let turn = 0; turn < 4; turn += 1) {
            const client = await TestClient.connect(daemon.url, token, seen);
            const jobId = await runJob(daemon, watcher, token);
            // It leaves in the middle of the job, at whatever it has heard by then.
            if (turn % 2 === 0) await client.waitForState(jobId, 'encoding');
            client.close();
            await client.waitForClose();
            const numbers = numbersOf(client);
            heard.push(...numbers);
            seen = Number(numbers.at(-1) ?? seen);
        }
        const last = await TestClient.connect(daemon.url, token, seen);
        await last.request({ type: 'server.stats' });
        heard.push(...numbersOf(last));
        expect(heard).toEqual([...new Set(heard)].sort((a, b) => Number(a) - Number(b)));
        // All but progress that was overtaken while nobody was there.
        const changes = watcher.messages
            .filter(({ type, progress }) => type === 'job.event' && progress === undefined)
            .map(({ seq }) => seq);
        expect(heard).toEqual(expect.arrayContaining(changes));
    });

    it('are not kept for ever, and who comes too late for them is told', async () => {
        const daemon = await startTestDaemon();
        const { store } = daemon.context;
        const token = newToken();
        const client = await TestClient.connect(daemon.url, token);
        for (let turn = 0; turn < 2; turn += 1) await runJob(daemon, client, token);
        const kept = 3;
        store.events.prune(kept);
        const last = Number(numbersOf(client).at(-1));

        const late = await TestClient.connect(daemon.url, token, 1);
        await late.request({ type: 'server.stats' });
        expect(late.messages[0]).toMatchObject({ eventsLost: true, seq: last });
        expect(numbersOf(late).every((seq) => Number(seq) > last - kept)).toBe(true);
        const inTime = await TestClient.connect(daemon.url, token, last - kept);
        expect(inTime.messages[0]).not.toHaveProperty('eventsLost');
        // More is forgotten later, and no number is given twice.
        store.events.prune(kept);
        await runJob(daemon, inTime, token);
        expect(Number(numbersOf(inTime).at(-1))).toBeGreaterThan(last);
    });
});
