/**
 * Metrics in the text format of Prometheus, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). The format is smaller than the
 * 10 MB of memory that the usual library for it takes from every daemon.
 */

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;

interface Sample {
    labels?: Labels;
    value: number;
    /** What follows on the name of the family. */
    suffix?: '_bucket' | '_sum' | '_count';
}

/** Values of one kind, under one name. */
export interface MetricFamily {
    name: string;
    help: string;
    type: 'counter' | 'gauge' | 'histogram';
    /** Looked up each time that the metrics are asked for. */
    samples: () => Sample[] | Promise<Sample[]>;
}

const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '"': '\\"' };
const escapeLabel = (value: string): string => value.replace(/[\\\n"]/g, (c) => ESCAPED[c] ?? c);
const escapeHelp = (text: string): string => text.replace(/[\\\n]/g, (c) => ESCAPED[c] ?? c);

/** Go's spelling of what is no finite number. */
function formatValue(value: number): string {
    if (Number.isFinite(value)) return String(value);
    if (Number.isNaN(value)) return 'NaN';
    return value > 0 ? '+Inf' : '-Inf';
}

function formatLabels(labels: Labels = {}): string {
    const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
    return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

export async function formatMetrics(families: readonly MetricFamily[]): Promise<string> {
    const parts = families.map(async ({ name, help, type, samples }) => {
        const lines = (await samples()).map(
            ({ suffix = '', labels, value }) =>
                `${name}${suffix}${formatLabels(labels)} ${formatValue(value)}\n`,
        );
        return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    });
    return (await Promise.all(parts)).join('\n');
}

/** Counts by labels. */
export class LabelledCounter {
    readonly #samples = new Map<string, { labels: Labels; value: number }>();

    /** @param labels always the same ones, in the same order */
    increment(labels: Labels): void {
        const key = formatLabels(labels);
        const sample = this.#samples.get(key) ?? { labels, value: 0 };
        sample.value += 1;
        this.#samples.set(key, sample);
    }

    samples(): Sample[] {
        return [...this.#samples.values()];
    }
}

interface Series {
    labels: Labels;
    /** Of each bucket. */
    counts: number[];
    sum: number;
}

/** Counts observations by their size, by labels. */
export class LabelledHistogram {
    readonly #bounds: readonly number[];
    readonly #series = new Map<string, Series>();

    /**
     * @param bounds upper ends of the buckets, inclusive, ascending; the last bucket has none
     * @param known labels that are told of before anything was observed with them
     */
    constructor(bounds: readonly number[], known: readonly Labels[] = []) {
        this.#bounds = [...bounds, Number.POSITIVE_INFINITY];
        for (const labels of known) this.#seriesOf(labels);
    }

    #seriesOf(labels: Labels): Series {
        const key = formatLabels(labels);
        const series = this.#series.get(key) ?? {
            labels,
            counts: this.#bounds.map(() => 0),
            sum: 0,
        };
        this.#series.set(key, series);
        return series;
    }

    /** @param labels always the same ones, in the same order */
    observe(labels: Labels, value: number): void {
        const series = this.#seriesOf(labels);
        series.sum += value;
        // Each bucket holds those below it, too.
        series.counts = series.counts.map(
            (n, at) => n + (value <= (this.#bounds[at] ?? 0) ? 1 : 0),
        );
    }

    samples(): Sample[] {
        return [...this.#series.values()].flatMap(({ labels, counts, sum }) => [
            ...counts.map((value, at): Sample => {
                const le = formatValue(this.#bounds[at] ?? Number.NaN);
                return { suffix: '_bucket', labels: { ...labels, le }, value };
            }),
            { suffix: '_sum', labels, value: sum },
            { suffix: '_count', labels, value: counts.at(-1) ?? 0 },
        ]);
    }
}
