/**
 * A summary in Markdown for the page of a CI run: GitHub Actions names a file for it in
 * GITHUB_STEP_SUMMARY, to which each command appends.
 */
import { appendFileSync } from 'node:fs';
import type { WatchEvent } from '../watch/events.js';
import { formatBytes, formatDuration, formatElapsed, formatPsnr, formatRatio } from './format.js';
import { shortPath } from './summary.js';

/** Names of files may hold anything; none of it is to become markup. */
function escape(text: string): string {
    return text
        .replaceAll(/[\\`*_[\]#|~]/g, (sign) => `\\${sign}`)
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll(/\s+/g, ' ');
}

function row(file: string, event: WatchEvent): string[] | undefined {
    if (event.event === 'done') {
        const { output, inputBytes, outputBytes, frames, durationSeconds, psnr, seconds } = event;
        return [
            escape(file),
            escape(shortPath(output)),
            `${formatBytes(inputBytes)} → ${formatBytes(outputBytes)} (${formatRatio(inputBytes, outputBytes)})`,
            `${frames} frames, ${formatDuration(durationSeconds)}`,
            psnr === undefined ? '' : formatPsnr(psnr),
            formatElapsed(seconds),
        ];
    }
    if (event.event === 'detached') {
        return [escape(file), `job ${escape(event.jobId)} is queued`, '', '', '', ''];
    }
    if (event.event === 'error') {
        const text = `**${escape(event.failure?.code ?? event.code)}**: ${escape(event.message)}`;
        return [escape(file), text, '', '', '', ''];
    }
    return undefined;
}

export class StepSummary {
    readonly #path: string | undefined;
    readonly #title: string;
    readonly #rows: string[][] = [];

    /** @param title the command, such as "kvz-cloud encode" */
    constructor(title: string, env: NodeJS.ProcessEnv) {
        this.#title = title;
        this.#path = env['GITHUB_STEP_SUMMARY'] || undefined;
    }

    /** Takes note of the events that end the story of a file. */
    event(file: string, event: WatchEvent): void {
        if (this.#path === undefined) return;
        const cells = row(file, event);
        if (cells) this.#rows.push(cells);
    }

    /**
     * Appends the summary, where one is wanted and there is something to say.
     * @returns what is wrong with the file for it; a command does not fail for that
     */
    write(): string | undefined {
        if (this.#path === undefined || this.#rows.length === 0) return undefined;
        const header = ['File', 'Result', 'Size', 'Video', 'Quality', 'Time'];
        const lines = [header, header.map(() => '---'), ...this.#rows].map(
            (cells) => `| ${cells.join(' | ')} |`,
        );
        const text = [`### ${escape(this.#title)}`, '', ...lines, '', ''].join('\n');
        try {
            appendFileSync(this.#path, text);
            return undefined;
        } catch (error) {
            return `GITHUB_STEP_SUMMARY: ${(error as Error).message}`;
        }
    }
}
