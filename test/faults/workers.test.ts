/** Workers on machines of their own: killed, frozen, cut off, and the daemon and Redis with them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { descendants } from '../helpers/programs.js';
import { expectReady, expectTidy, hasFrames, issueToken, newFleet } from './helpers/fleet.js';
import { FaultProxy } from './helpers/proxy.js';
import { MIB } from './helpers/scene.js';

const LIMIT_MS = 180_000;
/** Of a source's 16 MiB: enough for kvazaar to have coded some frames. */
const PART_BYTES = 12 * MIB;

/**
 * A worker that is at a job: its programs run, and do not come to an end before the rest of the
 * source passes the link.
 */
async function fleetAtWork(options: Parameters<typeof newFleet>[0] = {}) {
    const fleet = await newFleet(options);
    const link = await FaultProxy.start(fleet.daemon.port);
    const source = fleet.source('clip');
    const worker = await fleet.worker('first', { server: link.url });
    const part = link.sources.holdBodiesAfter(PART_BYTES);
    const encode = fleet.encode(source, '-o', 'clip.hevc');
    await part;
    const { jobId } = await encode.event('job', hasFrames);
    return { fleet, link, source, worker, encode, jobId };
}

const LOSES_SOON = { settings: { workerLease: 5 } };

it(
    'three workers share the jobs, each of which is encoded once',
    async () => {
        const fleet = await newFleet();
        // What the third one takes for the daemon's folder is another one.
        const args = ['--shared-dir', fleet.home.outputs, '--shared-results'];
        await Promise.all([fleet.worker('a'), fleet.worker('b'), fleet.worker('c', { args })]);
        const sources = Array.from({ length: 6 }, (_, index) => fleet.source(`clip${index}`, 3));
        const encodes = sources.map((source, index) =>
            fleet.encode(source, '-o', `clip${index}.hevc`),
        );
        for (const [index, encode] of encodes.entries()) {
            const source = sources[index];
            if (source) await expectReady(fleet, encode, source, `clip${index}.hevc`);
        }
        // One that was slow to take any gets one of the next.
        const workers = () => new Set(fleet.jobs().map(({ worker }) => worker));
        for (let more = 0; workers().size < 3; more += 1) {
            const source = fleet.source(`more${more}`, 3);
            const encode = fleet.encode(source, '-o', `more${more}.hevc`);
            await expectReady(fleet, encode, source, `more${more}.hevc`);
        }
        await expectTidy(fleet);
        const logs = join(fleet.daemon.dataDir, 'job-logs');
        const said = readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8'));
        const ofThird = said.filter((log) =>
            log.includes('not in the shared folder; it is fetched'),
        );
        expect(ofThird.length).toBeGreaterThan(0);
        expect(ofThird.filter((log) => !/shared folder .*it is sent/.test(log))).toEqual([]);
    },
    LIMIT_MS,
);

it(
    'a worker that is killed loses its job to another one',
    async () => {
        const { fleet, source, worker, encode } = await fleetAtWork(LOSES_SOON);
        const programs = descendants(worker.pid).map(({ pid }) => pid);
        expect(programs.length).toBeGreaterThan(0);
        await worker.end('SIGKILL');
        await fleet.worker('second');
        await expectReady(fleet, encode, source, 'clip.hevc', 'more');
        const left = new Set(readdirSync('/proc'));
        expect(programs.filter((pid) => left.has(String(pid)))).toEqual([]);
        await expectTidy(fleet);
    },
    LIMIT_MS,
);

it(
    'a worker that was frozen is told that its job has ended elsewhere',
    async () => {
        const { fleet, link, source, worker, encode } = await fleetAtWork(LOSES_SOON);
        const frozen = [worker.pid, ...descendants(worker.pid).map(({ pid }) => pid)];
        for (const pid of frozen) process.kill(pid, 'SIGSTOP');
        await fleet.worker('second');
        await expectReady(fleet, encode, source, 'clip.hevc', 'more');
        for (const pid of frozen) process.kill(pid, 'SIGCONT');
        await worker.line((line) => line.includes('attempt 1 left'));
        expect(fleet.jobs()).toHaveLength(1);
        await expectTidy(fleet);
        // It is as good as any other worker again, if it is the one that takes the next job.
        link.sources.open();
        const again = fleet.source('again', 3);
        await expectReady(fleet, fleet.encode(again, '-o', 'again.hevc'), again, 'again.hevc');
    },
    LIMIT_MS,
);

it(
    'a worker that is cut off from the daemon goes on, and delivers when it is back in time',
    async () => {
        const fleet = await newFleet();
        const link = await FaultProxy.start(fleet.daemon.port);
        const source = fleet.source('clip');
        await fleet.worker('far', { server: link.url });
        const part = link.sources.holdBodiesAfter(PART_BYTES);
        const encode = fleet.encode(source, '-o', 'clip.hevc');
        await part;
        await encode.event('job', hasFrames);
        for (let cut = 0; cut < 5; cut += 1) {
            const asked = link.sourceOffsets.length;
            link.cutAll();
            await expect.poll(() => link.sourceOffsets.length).toBeGreaterThan(asked);
        }
        link.sources.open();
        await expectReady(fleet, encode, source, 'clip.hevc');
        expect(fleet.jobs()).toHaveLength(1);
    },
    LIMIT_MS,
);

it(
    'jobs go on while the daemon is killed and started again',
    async () => {
        const { fleet, link, source, worker, encode } = await fleetAtWork();
        link.sources.open();
        await fleet.daemon.kill();
        await fleet.daemon.start();
        await expectReady(fleet, encode, source, 'clip.hevc');
        expect(fleet.jobs().map(({ crashes }) => crashes)).toEqual([0]);
        await worker.line((line) => line.includes('attempt 1 left'));
        await expectTidy(fleet);
    },
    LIMIT_MS,
);

it.each([[false], [true]])(
    'jobs go on while Redis is killed and started again (what was in it kept: %s)',
    async (persistent) => {
        const { fleet, link, source, encode } = await fleetAtWork({ redis: { persistent } });
        const other = fleet.source('waiting', 3);
        const waiting = fleet.encode(other, '-o', 'waiting.hevc');
        await waiting.event('job', ({ state }) => state === 'queued');
        await fleet.redis.restart();
        link.sources.open();
        await expectReady(fleet, encode, source, 'clip.hevc');
        await expectReady(fleet, waiting, other, 'waiting.hevc');
        expect(fleet.jobs()).toHaveLength(2);
        await expectTidy(fleet);
    },
    LIMIT_MS,
);

it(
    'a cancelled job ends on its worker, which then takes the next one',
    async () => {
        const { fleet, link, worker, encode, jobId } = await fleetAtWork();
        expect((await fleet.run('cancel', String(jobId))).status).toBe(0);
        expect((await encode.ended).status).toBe(6);
        await worker.line((line) => line.includes('attempt 1 left'));
        expect(descendants(worker.pid)).toEqual([]);
        link.sources.open();
        const next = fleet.source('next', 3);
        await expectReady(fleet, fleet.encode(next, '-o', 'next.hevc'), next, 'next.hevc');
    },
    LIMIT_MS,
);

it(
    'a worker that is told to stop ends its job first; told twice, it gives the job back',
    async () => {
        const { fleet, link, source, worker, encode } = await fleetAtWork();
        process.kill(worker.pid, 'SIGTERM');
        link.sources.open();
        await expectReady(fleet, encode, source, 'clip.hevc');
        expect(await worker.ended).toEqual({ status: 0, signal: null });

        const hasty = await fleet.worker('hasty', { server: link.url });
        const other = fleet.source('other');
        const part = link.sources.holdBodiesAfter(PART_BYTES);
        const second = fleet.encode(other, '-o', 'other.hevc');
        await part;
        await second.event('job', hasFrames);
        process.kill(hasty.pid, 'SIGTERM');
        await hasty.line((line) => line.includes('given back'));
        process.kill(hasty.pid, 'SIGTERM');
        expect(await hasty.ended).toEqual({ status: 0, signal: null });
        await fleet.worker('third');
        await expectReady(fleet, second, other, 'other.hevc', 2);
    },
    LIMIT_MS,
);

it(
    'a second job of the same file fetches nothing; a shared folder takes the place of all transfers',
    async () => {
        const fleet = await newFleet();
        const source = fleet.source('clip', 3);
        const first = await fleet.worker('caching');
        await expectReady(fleet, fleet.encode(source, '-o', 'a.hevc'), source, 'a.hevc');
        const cached = join(fleet.home.folder, 'worker-caching', 'sources');
        expect(readdirSync(cached)).toHaveLength(1);
        const more = fleet.encode(source, '-o', 'b.hevc', '--', '--qp', '40');
        await expectReady(fleet, more, source, 'b.hevc');
        expect(readdirSync(cached)).toHaveLength(1);
        await first.end('SIGTERM');

        const link = await FaultProxy.start(fleet.daemon.port);
        await fleet.worker('sharing', {
            server: link.url,
            args: ['--shared-dir', fleet.daemon.dataDir, '--shared-results'],
        });
        const third = fleet.encode(source, '-o', 'c.hevc', '--', '--qp', '45');
        await expectReady(fleet, third, source, 'c.hevc');
        expect([link.sourceOffsets, link.posts]).toEqual([[], 0]);
        await expectTidy(fleet, 1);
    },
    LIMIT_MS,
);

it(
    'a worker that is there before Redis and daemon says so and waits; its clock may be an hour off',
    async () => {
        const fleet = await newFleet();
        const token = await issueToken(fleet, 'early');
        const source = fleet.source('clip');
        await fleet.redis.stop();
        await fleet.daemon.kill();
        const shift = 'const now = Date.now; Date.now = () => now() + 3600e3;';
        const preload = `data:text/javascript,${encodeURIComponent(shift)}`;
        const worker = await fleet.worker('early', {
            token,
            env: { NODE_OPTIONS: `--import=${preload}` },
            until: (line) => line.includes('the daemon cannot be reached'),
        });
        await worker.line((line) => line.includes('the queue cannot be reached'));
        await fleet.redis.start();
        await fleet.daemon.start();
        await worker.line((line) => line.includes('early takes jobs of'));
        const encode = fleet.encode(source, '-o', 'clip.hevc');
        await expectReady(fleet, encode, source, 'clip.hevc');
        expect(fleet.jobs()).toHaveLength(1);
    },
    LIMIT_MS,
);

it('a worker is refused with a reason', async () => {
    const fleet = await newFleet();
    const token = await issueToken(fleet, 'fits');
    const fits = await fleet.worker('fits', { token });
    const refused = async (name: string, options: object, reason: RegExp): Promise<void> => {
        const child = await fleet.worker(name, {
            until: (line) => reason.test(line),
            ...options,
        });
        expect((await child.ended).status).not.toBe(0);
    };
    await refused('nobody', { token: 'no-token-of-anybody-here' }, /role "worker"/);
    const user = (await fleet.home.run('token', 'create', 'somebody')).stdout.trim();
    await refused('user', { token: user }, /role "worker"/);
    await refused('bare', { env: { KVZ_CLOUD_KVAZAAR: '/nowhere' } }, /kvazaar not found/);
    await refused(
        'fits',
        { token, args: ['--dir', join(fleet.home.folder, 'x')] },
        /has this name/,
    );
    expect(fits.hasEnded).toBe(false);
});
