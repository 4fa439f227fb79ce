import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BullmqQueue } from '../../../src/daemon/queue/bullmq.js';
import { parseRedisAddress } from '../../../src/config/redis-address.js';
import { readCa } from '../../../src/config/tls-trust.js';
import { openRedis } from '../../../src/worker/redis.js';
import { TicketTaker } from '../../../src/worker/ticket-taker.js';
import { makeCertificates } from '../../helpers/certificates.js';
import { startRedis, type TestRedis } from '../../helpers/redis.js';
import { FakeJobs, queueContract } from './contract.js';

const ignore = (): void => undefined;

async function bullmqQueue(
    jobs: FakeJobs,
    slots: number,
    redis?: TestRedis,
    remoteFree = 0,
    ca?: string,
): Promise<BullmqQueue> {
    const { url } = redis ?? (await startRedis());
    return new BullmqQueue({
        address: parseRedisAddress(url),
        ca,
        owner: { id: 'folder', name: 'lab:/data' },
        slots,
        remoteFree: () => remoteFree,
        waiting: (limit) => jobs.waiting.slice(0, limit),
        run: async (ticket) => void (await jobs.run(ticket)),
        onError: ignore,
        refreshMs: 200,
    });
}

queueContract(
    'bullmq',
    (jobs, slots) => bullmqQueue(jobs, slots),
    (queue) => queue.settled(),
);

/** Another machine's share of the work. */
function otherWorker(redis: TestRedis, jobs: FakeJobs, slots: number): TicketTaker {
    const { url, prefix } = parseRedisAddress(redis.url);
    const connection = new Redis(url, { maxRetriesPerRequest: null });
    connection.on('error', ignore);
    const taker = new TicketTaker({
        redis: connection,
        prefix,
        slots,
        run: async (ticket) => void (await jobs.run(ticket)),
        onError: ignore,
    });
    taker.start();
    onTestFinished(async () => {
        jobs.endAll();
        await taker.stop();
        connection.disconnect();
    });
    return taker;
}

async function withQueue(
    slots: number,
    remoteFree = 0,
    persistent = false,
): Promise<[TestRedis, FakeJobs, BullmqQueue]> {
    const redis = await startRedis({ persistent });
    const jobs = new FakeJobs();
    const queue = await bullmqQueue(jobs, slots, redis, remoteFree);
    onTestFinished(async () => {
        jobs.endAll();
        await queue.stop();
    });
    return [redis, jobs, queue];
}

it('shares its jobs with workers elsewhere', async () => {
    const [redis, jobs, queue] = await withQueue(1, 4);
    otherWorker(redis, jobs, 2);
    otherWorker(redis, jobs, 2);
    for (let number = 0; number < 5; number += 1) jobs.add(`job${number}`);
    queue.wake();
    await jobs.until(() => jobs.running.size === 5);
    expect(queue.running).toBe(1);
});

it.each([[false], [true]])(
    'offers its jobs again when Redis comes back (what was in it kept: %s)',
    async (persistent) => {
        const [redis, jobs, queue] = await withQueue(1, 0, persistent);
        jobs.add('running');
        queue.wake();
        await jobs.until(() => jobs.running.has('running'));
        jobs.add('waiting');
        queue.wake();
        await redis.stop();
        // What nobody could be told of meanwhile.
        jobs.add('late');
        queue.wake();
        await redis.start();
        jobs.end('running');
        await jobs.until(() => jobs.running.has('waiting'));
        jobs.end('waiting');
        await jobs.until(() => jobs.running.has('late'));
        expect(jobs.started).toEqual(['running', 'waiting', 'late']);
    },
    60_000,
);

it('offers again what somebody removed from Redis', async () => {
    const [redis, jobs, queue] = await withQueue(0, 1);
    jobs.add('lost');
    queue.wake();
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    await expect.poll(() => client.keys('*lost-0')).toHaveLength(1);
    await client.flushall();
    otherWorker(redis, jobs, 1);
    await jobs.until(() => jobs.running.has('lost'));
});

it('withdraws what no longer waits', async () => {
    const [redis, jobs, queue] = await withQueue(0, 1);
    jobs.add('cancelled');
    queue.wake();
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    await expect.poll(() => client.keys('*cancelled-0')).toHaveLength(1);
    jobs.waiting.length = 0;
    queue.wake();
    await expect.poll(() => client.keys('*cancelled-0')).toHaveLength(0);
});

it('leaves nothing of what has run in Redis', async () => {
    const [redis, jobs, queue] = await withQueue(1);
    jobs.add('done');
    queue.wake();
    await jobs.until(() => jobs.running.has('done'));
    jobs.end('done');
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    await expect.poll(() => client.keys('*done-*')).toHaveLength(0);
});

describe('whose a queue is', () => {
    const daemonOf = (
        redis: TestRedis,
        folder: string,
        jobs: FakeJobs,
        problems: string[] = [],
    ): BullmqQueue => {
        const queue = new BullmqQueue({
            address: parseRedisAddress(redis.url),
            owner: { id: folder, name: `lab:/${folder}` },
            slots: 1,
            remoteFree: () => 0,
            waiting: (limit) => jobs.waiting.slice(0, limit),
            run: async (ticket) => void (await jobs.run(ticket)),
            onError: (error) => problems.push(error.message),
            refreshMs: 50,
        });
        onTestFinished(async () => {
            jobs.endAll();
            await queue.stop();
        });
        queue.wake();
        return queue;
    };

    it('a second daemon waits, says whose it is, and takes over when the first has gone', async () => {
        const redis = await startRedis();
        const [first, second] = [new FakeJobs(), new FakeJobs()];
        const owner = daemonOf(redis, 'first', first);
        first.add('mine');
        owner.wake();
        await first.until(() => first.running.has('mine'));

        const problems: string[] = [];
        const other = daemonOf(redis, 'second', second, problems);
        second.add('waiting');
        other.wake();
        await expect.poll(() => other.problem).toContain('in use by the daemon of lab:/first');
        expect(problems[0]).toContain('?prefix=NAME');
        expect(second.running.size).toBe(0);

        first.endAll();
        await owner.stop();
        await second.until(() => second.running.has('waiting'));
        expect(other.problem).toBeUndefined();
    });

    it('a daemon that died does not shut itself out', async () => {
        const redis = await startRedis();
        const client = new Redis(redis.url);
        onTestFinished(() => client.disconnect());
        await client.set('kvz-cloud:owner', 'first elsewhere:/first', 'PX', 1_000_000);
        const jobs = new FakeJobs();
        const queue = daemonOf(redis, 'first', jobs);
        jobs.add('next');
        await jobs.until(() => jobs.running.has('next'));
        expect(queue.problem).toBeUndefined();
    });
});

it('talks to a Redis with a password, and tells when it is wrong', async () => {
    const redis = await startRedis({ password: 'a secret/of:it@all' });
    const jobs = new FakeJobs();
    const queue = await bullmqQueue(jobs, 1, redis);
    onTestFinished(() => queue.stop());
    jobs.add('job');
    queue.wake();
    await jobs.until(() => jobs.running.has('job'));
    jobs.endAll();
    for (const login of ['', ':wrong@']) {
        const problems: string[] = [];
        const outsider = openRedis(
            parseRedisAddress(`redis://${login}127.0.0.1:${redis.port}`),
            undefined,
            (error) => problems.push(error.message),
        );
        onTestFinished(() => outsider.disconnect());
        await expect.poll(() => problems.join()).toMatch(/NOAUTH|WRONGPASS/);
    }
});

it('talks to a Redis with TLS whose authority is named, and to no other', async () => {
    const { cert, key, ca } = makeCertificates();
    const redis = await startRedis({ tls: { cert, key }, password: 'secret' });
    const jobs = new FakeJobs();
    const queue = await bullmqQueue(jobs, 1, redis, 0, readCa(ca));
    onTestFinished(() => queue.stop());
    jobs.add('job');
    queue.wake();
    await jobs.until(() => jobs.running.has('job'));
    jobs.endAll();

    const problems: string[] = [];
    const stranger = openRedis(parseRedisAddress(redis.url), undefined, (error) =>
        problems.push(error.message),
    );
    onTestFinished(() => stranger.disconnect());
    await expect.poll(() => problems.join()).toContain('certificate');
    expect(stranger.status).not.toBe('ready');
});
