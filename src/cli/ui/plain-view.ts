/** `--progress plain`: lines of text for logs and pipes. */
import type { EncodeEvent, FileRef } from '../../client/events.js';
import { formatBitrate, formatBytes, formatDuration, formatFps, formatPsnr } from './format.js';
import { PHASE_LABEL, newFileModel, reduce } from './model.js';
import type { FileModel, Phase } from './model.js';
import { planLines, summaryLines } from './summary.js';
import { arrow } from './theme.js';
import type { EncodeView, ViewOptions } from './view.js';

/** A phase that goes on is told again after this time, milliseconds. */
const INTERVAL_MS = 3_000;

/** "encoding 54 %, 204/377 frames, 31.2 fps, 1.20 Mbit/s, PSNR 41.23 dB, 0:05 left" */
export function progressLine(model: FileModel): string {
    const { phase, percent, bytes, totalBytes, etaSeconds } = model;
    if (phase === undefined) return 'waiting';
    const parts = [
        percent === undefined
            ? PHASE_LABEL[phase]
            : `${PHASE_LABEL[phase]} ${Math.floor(percent)} %`,
    ];
    if (phase === 'hash' || phase === 'upload' || phase === 'download') {
        parts.push(`${formatBytes(bytes)} of ${formatBytes(totalBytes)}`);
    }
    if (phase === 'upload' && model.bytesPerSecond > 0) {
        parts.push(`${formatBytes(model.bytesPerSecond)}/s`);
    }
    if (phase === 'encode') parts.push(...encodeParts(model));
    if (etaSeconds !== undefined) parts.push(`${formatDuration(etaSeconds)} left`);
    return parts.join(', ');
}

/** Frames, speed, bitrate and PSNR, as far as they are known. */
export function encodeParts(model: FileModel): string[] {
    const { frame, frames, fps, bitrateBps, psnr } = model;
    return [
        ...(frame === undefined ? [] : [`${frame}${frames ? `/${frames}` : ''} frames`]),
        ...(fps === undefined ? [] : [formatFps(fps)]),
        ...(bitrateBps === undefined ? [] : [formatBitrate(bitrateBps)]),
        ...(psnr === undefined ? [] : [formatPsnr(psnr)]),
    ];
}

/** Lines for logs and pipes: each phase once, and again every few seconds while it lasts. */
export class PlainView implements EncodeView {
    readonly #options: ViewOptions;
    readonly #files: { model: FileModel; toldPhase: Phase | undefined; toldMs: number }[];

    constructor(options: ViewOptions) {
        this.#options = options;
        this.#files = options.files.map((file) => ({
            model: newFileModel(file),
            toldPhase: undefined,
            toldMs: 0,
        }));
    }

    event({ index, file }: FileRef, event: EncodeEvent): void {
        const state = this.#files[index];
        if (!state) return;
        state.model = reduce(state.model, event);
        const { say, print } = this.#options;
        if (event.event === 'notice') return say(`${file}: ${event.message}`);
        if (event.event === 'done')
            return summaryLines(file, event, arrow(this.#options.env)).forEach(print);
        if (event.event === 'plan') {
            return planLines(file, event, arrow(this.#options.env)).forEach(print);
        }
        if (event.event === 'detached') return print(event.jobId);
        const { phase, end } = state.model;
        if (end || phase === undefined) return undefined;
        const nowMs = Date.now();
        if (phase === state.toldPhase && nowMs - state.toldMs < INTERVAL_MS) return undefined;
        state.toldPhase = phase;
        state.toldMs = nowMs;
        return say(`${file}: ${progressLine(state.model)}`);
    }

    notice(message: string): void {
        this.#options.say(message);
    }

    async close(): Promise<void> {
        // nothing is held back
    }
}
