import { describe, expect, it } from 'vitest';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import { Health } from '../../src/daemon/observe/health.js';
import { newToken, rawVideo, startTestDaemon } from '../helpers/daemon.js';
import { finishJob } from '../helpers/jobs.js';

/** Samples by name and labels, as they stand in the text. */
async function samples({ url }: RunningDaemon): Promise<Map<string, number>> {
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = (await response.text()).split('\n').filter((line) => /^\w/.test(line));
    return new Map(
        lines.map((line) => {
            const [, name = '', value = ''] = /^(\w+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
            return [name.replace(/^kvz_cloud_/, ''), Number(value)];
        }),
    );
}

/** @returns the bytes that were sent */
async function encode(daemon: RunningDaemon): Promise<number> {
    return (await finishJob(daemon, rawVideo(100))).bytes.length;
}

describe('metrics', () => {
    it('tell of jobs, bytes, connections, disk and event loop', async () => {
        const daemon = await startTestDaemon({ workers: 3 });
        const before = await samples(daemon);
        expect(before.get('jobs{state="ready"}')).toBe(0);
        const sentBytes = await encode(daemon);
        const after = await samples(daemon);
        expect(after.get('jobs{state="ready"}')).toBe(1);
        expect(after.get('jobs{state="queued"}')).toBe(0);
        expect(after.get('jobs_ended_total{state="ready",failure=""}')).toBe(1);
        expect(after.get('job_duration_seconds_count{state="ready"}')).toBe(1);
        expect(after.get('job_duration_seconds_sum{state="ready"}')).toBeGreaterThan(0);
        expect(after.get('encode_fps_count')).toBe(1);
        expect(after.get('encode_fps_sum')).toBeGreaterThan(0);
        expect(after.get('workers')).toBe(3);
        expect(after.get('received_bytes_total')).toBeGreaterThan(sentBytes);
        expect(after.get('sent_bytes_total')).toBeGreaterThan(
            before.get('sent_bytes_total') ?? Number.NaN,
        );
        expect(after.get('websockets')).toBe(1);
        expect(after.get('connections')).toBeGreaterThanOrEqual(2);
        expect(after.get('disk_free_bytes')).toBeGreaterThan(0);
        expect(after.get('event_loop_lag_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0);
        expect(after.get('cpu_seconds_total')).toBeGreaterThan(0);
    });

    it('are for this machine only, or for those who have their token', async () => {
        const { url } = await startTestDaemon();
        const status = async (at: string, headers: Record<string, string>): Promise<number> =>
            (await fetch(`${at}/metrics`, { headers })).status;
        expect(await status(url, {})).toBe(200);
        expect(await status(url, { 'x-forwarded-for': '192.0.2.1' })).toBe(401);

        const metricsToken = newToken();
        const guarded = await startTestDaemon({ metricsToken });
        expect(await status(guarded.url, {})).toBe(401);
        expect(await status(guarded.url, { authorization: `Bearer ${newToken()}` })).toBe(401);
        const authorization = `Bearer ${metricsToken}`;
        expect(await status(guarded.url, { authorization, 'x-forwarded-for': '192.0.2.1' })).toBe(
            200,
        );
    });
});

describe('health', () => {
    it('is not ready when too little disk is free', async () => {
        const { url } = await startTestDaemon({ freeSpaceFloor: '8000T' });
        expect((await fetch(`${url}/healthz`)).status).toBe(200);
        const ready = await fetch(`${url}/healthz/ready`);
        expect([ready.status, await ready.json()]).toEqual([
            503,
            { status: 'not ready', problems: ['too little disk is free'] },
        ]);
    });

    it('is not ready when the database cannot be written', async () => {
        const daemon = await startTestDaemon();
        expect((await fetch(`${daemon.url}/healthz/ready`)).status).toBe(200);
        const store = Object.create(daemon.context.store, {
            meta: {
                value: {
                    tryWriting: () => {
                        throw new Error('disk I/O error');
                    },
                },
            },
        }) as RunningDaemon['context']['store'];
        const health = new Health({ ...daemon.context, store });
        expect(await health.problems()).toEqual(['the database cannot be written']);
        daemon.context.pause.setStopping();
        expect(await health.problems()).toEqual(['stopping']);
    });
});
