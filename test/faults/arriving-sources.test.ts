/** Workers that encode while the source is still on its way to them, over networks that fail. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { expectReady, expectTidy, hasFrames, newFleet, type Fleet } from './helpers/fleet.js';
import type { CommandProcess } from './helpers/process.js';
import { FaultProxy } from './helpers/proxy.js';
import { MIB } from './helpers/scene.js';

const LIMIT_MS = 180_000;
/** Of a source's 16 MiB: enough for kvazaar to have coded some frames. */
const PART_BYTES = 12 * MIB;

interface FarFleet {
    fleet: Fleet;
    link: FaultProxy;
    worker: CommandProcess;
}

/** A worker behind a link of its own. */
async function farFleet(settings: Record<string, unknown> = {}): Promise<FarFleet> {
    const fleet = await newFleet({ settings });
    const link = await FaultProxy.start(fleet.daemon.port);
    const worker = await fleet.worker('far', { server: link.url });
    return { fleet, link, worker };
}

const cached = ({ home }: Fleet): string[] =>
    readdirSync(join(home.folder, 'worker-far', 'sources'));

it(
    'frames are coded before the rest has come, which survives cuts and a new daemon',
    async () => {
        const { fleet, link } = await farFleet({ retryDelay: 1 });
        const source = fleet.source('clip');
        const part = link.sources.holdBodiesAfter(PART_BYTES);
        const encode = fleet.encode(source, '-o', 'clip.hevc');
        await part;
        const { jobId } = await encode.event('job', hasFrames);
        expect(cached(fleet)).toEqual([expect.stringMatching(/\.part$/)]);
        expect(link.sourceOffsets).toEqual([0]);
        expect((await fleet.run('logs', String(jobId))).stdout).toContain(
            'decoded while it arrives',
        );
        link.cutAll();
        await link.sources.holdBodiesAfter(MIB);
        await fleet.daemon.kill();
        // What the proxy and its sockets still hold of the rest is lost with it.
        link.cutAll();
        await fleet.daemon.start();
        link.sources.open();
        await expectReady(fleet, encode, source, 'clip.hevc');
        // Each goes on where the one before it broke off.
        const [first, ...later] = link.sourceOffsets;
        expect(first).toBe(0);
        expect(later.length).toBeGreaterThanOrEqual(2);
        expect(later.filter((offset) => offset < PART_BYTES - MIB)).toEqual([]);
        expect(cached(fleet)).toHaveLength(1);

        // What arrives otherwise than it was sent is no result, and tried again.
        const other = fleet.source('other', 3);
        link.changeSource = (piece) => {
            link.changeSource = (same) => same;
            const changed = Buffer.from(piece);
            // Behind the head of the answer.
            const last = changed.length - 1;
            changed.writeUInt8(changed.readUInt8(last) ^ 1, last);
            return changed;
        };
        const again = fleet.encode(other, '-o', 'other.hevc');
        await expectReady(fleet, again, other, 'other.hevc', 2);
        const retried = String(again.last('done')?.['jobId']);
        expect((await fleet.run('logs', retried)).stdout).toContain('INPUT_LOST');
        await expectTidy(fleet);
    },
    LIMIT_MS,
);

it(
    'a cancel ends the waiting for the rest, and a slow network costs nothing but time',
    async () => {
        const { fleet, link, worker } = await farFleet();
        const source = fleet.source('clip');
        const part = link.sources.holdBodiesAfter(PART_BYTES);
        const encode = fleet.encode(source, '-o', 'clip.hevc');
        await part;
        const { jobId } = await encode.event('job', hasFrames);
        // It cannot end now, so there is time to look where it is.
        const said = async (...args: string[]): Promise<string> =>
            (await fleet.run(...args)).stdout;
        expect(await said('job', String(jobId))).toMatch(/^worker +far$/m);
        expect(await said('daemon', 'status')).toMatch(/^machine +far: 1 of 1 busy/m);
        const top = await said('top');
        expect(top).toMatch(/^far +1 of 1 busy/m);
        expect(top).toMatch(/on far\b/);
        expect((await fleet.run('cancel', String(jobId))).status).toBe(0);
        expect((await encode.ended).status).toBe(6);
        await worker.line((line) => line.includes('attempt 1 left'));
        expect(cached(fleet)).toEqual([]);
        link.sources.open();

        // Source, reports and result share what a poor connection brings.
        link.bytesPerSecond = MIB;
        const next = fleet.source('next', 3);
        await expectReady(fleet, fleet.encode(next, '-o', 'next.hevc'), next, 'next.hevc');
        expect(link.pacedBytes).toBeGreaterThan(next.sizeBytes);
        await expectTidy(fleet);
    },
    LIMIT_MS,
);

it(
    'a result that becomes too large ends its encode on the worker',
    async () => {
        const { fleet, worker } = await farFleet({ resultBytes: '10KB' });
        const encode = fleet.encode(fleet.source('clip'), '--', '--qp', '1');
        expect((await encode.ended).status).toBe(5);
        const jobId = String(encode.last('job')?.['jobId']);
        const { stdout } = await fleet.run('job', jobId, '--json');
        expect(JSON.parse(stdout)).toMatchObject({ failure: { code: 'RESULT_TOO_LARGE' } });
        await worker.line((line) => line.includes('attempt 1 left'));
        // It was ended before it was a result: nothing was announced.
        expect(fleet.statesOf(jobId)).not.toContain('packaging');
        await expectTidy(fleet);
    },
    LIMIT_MS,
);
