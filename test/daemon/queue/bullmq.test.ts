import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { BullmqQueue } from '../../../src/daemon/queue/bullmq.js';
import { parseRedisAddress } from '../../../src/config/redis-address.js';
import { TicketTaker } from '../../../src/worker/ticket-taker.js';
import { startRedis, type TestRedis } from '../../helpers/redis.js';
import { FakeJobs, queueContract } from './contract.js';

const ignore = (): void => undefined;

async function bullmqQueue(
    jobs: FakeJobs,
    slots: number,
    redis?: TestRedis,
    remoteFree = 0,
): Promise<BullmqQueue> {
    const { url } = redis ?? (await startRedis());
    return new BullmqQueue({
        address: parseRedisAddress(url),
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
