/** `--progress bar`: bars of cli-progress. */
import { MultiBar, Presets } from 'cli-progress';
import type { SingleBar } from 'cli-progress';
import type { EncodeEvent, FileRef } from '../../client/events.js';
import { shorten } from './format.js';
import { PHASE_LABEL, newFileModel, reduce } from './model.js';
import type { FileModel } from './model.js';
import { encodeParts } from './plain-view.js';
import { summaryLines } from './summary.js';
import { arrow } from './theme.js';
import type { EncodeView, ViewOptions } from './view.js';

const NAME_WIDTH = 24;

/** One bar for each file under way, for simple terminals. */
export class BarView implements EncodeView {
    readonly #options: ViewOptions;
    readonly #models: FileModel[];
    readonly #bars = new Map<number, SingleBar>();
    readonly #multi: MultiBar;
    readonly #closing: string[] = [];

    constructor(options: ViewOptions) {
        this.#options = options;
        this.#models = options.files.map(newFileModel);
        this.#multi = new MultiBar(
            {
                format: '{name} {label} [{bar}] {percent} {info}',
                stream: process.stderr,
                hideCursor: true,
                barsize: 24,
                fps: 5,
                stopOnComplete: false,
                // Ctrl-C is handled by the command, which closes this view.
                gracefulExit: false,
            },
            Presets.legacy,
        );
    }

    event({ index, file }: FileRef, event: EncodeEvent): void {
        const before = this.#models[index];
        if (!before) return;
        const model = reduce(before, event);
        this.#models[index] = model;
        if (event.event === 'done')
            this.#closing.push(...summaryLines(file, event, arrow(this.#options.env)));
        if (event.event === 'detached') this.#closing.push(event.jobId);
        if (event.event === 'notice') return this.notice(`${file}: ${event.message}`);
        if (model.end) return this.#drop(index);
        return this.#show(index, model);
    }

    notice(message: string): void {
        this.#multi.log(`kvz-cloud: ${message}\n`);
    }

    async close(): Promise<void> {
        this.#multi.stop();
        this.#closing.forEach(this.#options.print);
    }

    #show(index: number, model: FileModel): void {
        const bar = this.#bars.get(index) ?? this.#multi.create(100, 0);
        this.#bars.set(index, bar);
        const { percent, phase } = model;
        bar.update(percent ?? 0, {
            name: shorten(model.file, NAME_WIDTH).padEnd(NAME_WIDTH),
            label: (phase ? PHASE_LABEL[phase] : 'waiting').padEnd(11),
            percent: percent === undefined ? '  - ' : `${String(Math.floor(percent)).padStart(3)}%`,
            info: phase === 'encode' ? encodeParts(model).join(', ') : '',
        });
    }

    #drop(index: number): void {
        const bar = this.#bars.get(index);
        if (!bar) return;
        this.#bars.delete(index);
        this.#multi.remove(bar);
    }
}
