/**
 * What becomes of streams that a muxer refuses although its container can hold their codec: AC-3
 * without a single frame in MP4, headers that are damaged, decoders that do not exist. A video is
 * not lost for the sake of one of them.
 */
import type { ProcessExit } from './process.js';
import { exitError } from './process.js';
import type { StreamInfo } from './source-info.js';
import { changeTreatment, isEmptyPlan } from './streams.js';
import type { StreamPlan } from './streams.js';
import type { Supervisor } from './supervisor.js';

/** Runs the muxer with the streams of a plan, and leaves its file only when it ends with 0. */
export type MuxAttempt = (streams: StreamPlan) => Promise<ProcessExit>;

/** Failures that have nothing to do with what is in the streams. */
const NOT_THE_STREAMS = /No space left on device|Disk quota exceeded|Cannot allocate memory/;

/**
 * Muxes, and where that fails finds out by muxing each stream alone which ones are refused: audio
 * that was to be copied is encoded, everything else is left out.
 * @param attempt may be called several times
 * @param failure what the error says when there is nothing left to change
 * @returns the plan that was carried out; its notes tell what was changed
 * @throws EncodeError PACKAGING_FAILED, or the reason for which the job was stopped
 */
export async function muxWhatGoes(
    supervisor: Supervisor,
    streams: StreamPlan,
    attempt: MuxAttempt,
    failure: string,
): Promise<StreamPlan> {
    let plan = streams;
    for (;;) {
        const exit = await attempt(plan);
        if (exit.exitCode === 0) return plan;
        const error = exitError('PACKAGING_FAILED', failure, exit);
        if (exit.signal || NOT_THE_STREAMS.test(exit.tail) || isEmptyPlan(plan)) throw error;
        const next = await withoutRefused(supervisor, plan, attempt);
        if (next === plan) throw error;
        plan = next;
    }
}

/** @returns the same plan when each stream alone is accepted, or none */
async function withoutRefused(
    supervisor: Supervisor,
    plan: StreamPlan,
    attempt: MuxAttempt,
): Promise<StreamPlan> {
    const nothing: StreamPlan = { ...plan, audio: [], subtitles: [], attachments: [], covers: [] };
    const without = await attempt(nothing);
    if (without.exitCode !== 0) return plan;
    const isRefused = async (only: Partial<StreamPlan>): Promise<boolean> => {
        supervisor.throwIfStopped();
        return (await attempt({ ...nothing, ...only })).exitCode !== 0;
    };
    const refused = new Set<StreamInfo>();
    const carried = (key: 'audio' | 'subtitles') => async (): Promise<void> => {
        for (const one of plan[key]) {
            if (await isRefused({ [key]: [one] })) refused.add(one.stream);
        }
    };
    const plain = (key: 'attachments' | 'covers') => async (): Promise<void> => {
        for (const stream of plan[key]) {
            if (await isRefused({ [key]: [stream] })) refused.add(stream);
        }
    };
    for (const look of [
        carried('audio'),
        carried('subtitles'),
        plain('attachments'),
        plain('covers'),
    ]) {
        await look();
    }
    return refused.size === 0 ? plan : changeTreatment(plan, refused);
}
