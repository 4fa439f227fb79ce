// From the costs of one job to what is full first: arithmetic, and the table of docs/SCALING.md.
import { table } from './report.mjs';

const GIB = 2 ** 30;

/** What is assumed and not measured; what comes of it is proportional. */
const ASSUMED = {
    jobsPerDay: 1e6,
    workers: 100,
    slots: 4,
    sourceBytes: 50e6,
    resultBytes: 10e6,
    cores: 8,
    /** Bytes a second in each direction: 10 Gbit/s. */
    link: 10e9 / 8,
    /** The defaults of `sourceExpiry` and `resultExpiry`. */
    sourceDays: 7,
    resultDays: 30,
};

const number = (value) =>
    value >= 100
        ? Math.round(value).toLocaleString('en-GB')
        : String(Number(value.toPrecision(value >= 10 ? 3 : 2)));
const milliseconds = (seconds) => `${number(seconds * 1000)} ms`;
const percent = (share) => `${number(share * 100)} %`;

/**
 * @param costs seconds of processor time: `queue` and `redis` for a job, `receive`, `hash` and
 * `send` and `digest` for a GiB, `report` for one, `look` for looking at a result
 * @returns Markdown: the inputs, the table, and what follows from it
 */
export function extrapolate(costs) {
    const { jobsPerDay, workers, slots, sourceBytes, resultBytes, cores, link } = ASSUMED;
    const rate = jobsPerDay / 86_400;
    const [S, R] = [sourceBytes / GIB, resultBytes / GIB];
    const {
        queue: q,
        redis: d,
        receive: r,
        hash: h,
        send: s,
        digest: x,
        look: w,
        report: p,
    } = costs;
    const reporting = p * workers;
    /** By name: formula, and seconds of a core for a job; with HTTP, and through a shared folder. */
    const work = {
        'the main thread': [
            'q + (S + R) (r + s) + R x',
            q + (S + R) * (r + s) + R * x,
            q + S * r + R * s + R * x,
        ],
        'hashing and writing': ['(S + R) h', (S + R) * h, (S + R) * h],
        'looking at results': ['w', w, w],
        Redis: ['d', d, d],
    };
    const sum = (index) => Object.values(work).reduce((all, each) => all + each[index], 0);
    const rows = [
        ...Object.entries(work).map(([name, [formula, ...seconds]]) => {
            // Looking is done by programs, on as many cores as there are.
            const room = name === 'looking at results' ? cores : 1;
            const left = name === 'the main thread' ? room - reporting : room;
            const fullAt = seconds.map((each) => left / each);
            const busy = `${percent((rate * seconds[0]) / room)} of ${room === 1 ? 'a core' : `${room} cores`}`;
            return { name, formula, job: milliseconds(seconds[0]), busy, fullAt };
        }),
        {
            name: 'all cores',
            formula: 'the sum of these',
            job: milliseconds(sum(1)),
            busy: `${percent((rate * sum(1) + reporting) / cores)} of ${cores} cores`,
            fullAt: [1, 2].map((index) => (cores - reporting) / sum(index)),
        },
        {
            name: 'the link, inwards and outwards each',
            formula: 'S + R; through a folder S in, R out',
            job: `${number((sourceBytes + resultBytes) / 1e6)} MB`,
            busy: percent((rate * (sourceBytes + resultBytes)) / link),
            fullAt: [link / (sourceBytes + resultBytes), link / Math.max(sourceBytes, resultBytes)],
        },
    ].toSorted((a, b) => a.fullAt[0] - b.fullAt[0]);
    const [first, second] = rows;
    const last = (index) => rows.toSorted((a, b) => a.fullAt[index] - b.fullAt[index])[0];
    const perDay = (jobs) => `${number((jobs * 86_400) / 1e6)} million a day`;
    const stored = (bytes, days) => `${number((jobsPerDay * bytes * days) / 1e12)} TB`;
    return [
        `Measured: q = ${milliseconds(q)} of the daemon for a job in the queue, d = ${milliseconds(d)} of Redis, ` +
            `r = ${number(r)} s of the main thread and h = ${number(h)} s of the others for a GiB received, ` +
            `s = ${number(s)} s for a GiB sent, x = ${number(x)} s for the digest of a GiB of results, w = ${milliseconds(w)} of programs to look at a result, ` +
            `p = ${milliseconds(p)} for a report.`,
        '',
        `Assumed: ${number(jobsPerDay)} jobs a day, which are ${number(rate)} a second; ${workers} workers of ${slots} slots, so a job may take ` +
            `${number((workers * slots) / rate)} s; sources of S = ${number(sourceBytes / 1e6)} MB, results of R = ${number(resultBytes / 1e6)} MB; ` +
            `a daemon on ${cores} cores with a link of ${number((link * 8) / 1e9)} Gbit/s. ` +
            `Reports take ${workers} p = ${percent(reporting)} of the main thread, whatever runs.`,
        '',
        table([
            [
                'what',
                'for a job',
                'formula',
                `at ${number(rate)} jobs a second`,
                'full at, jobs a second',
                'with `--shared-dir` and `--shared-results`',
            ],
            ...rows.map(({ name, formula, job, busy, fullAt }) => [
                ...[name, job, formula, busy],
                ...fullAt.map(number),
            ]),
        ]),
        '',
        `Full first: **${first.name}**, at ${number(first.fullAt[0])} jobs a second (${perDay(first.fullAt[0])}); next: ` +
            `${second.name}, at ${number(second.fullAt[0])}. With sources and results through a shared folder: ${last(1).name}, ` +
            `at ${number(last(1).fullAt[1])} (${perDay(last(1).fullAt[1])}). ` +
            `The disk is another matter: with the default expiry ${stored(sourceBytes, ASSUMED.sourceDays)} of sources ` +
            `(${ASSUMED.sourceDays} days) and ${stored(resultBytes, ASSUMED.resultDays)} of results (${ASSUMED.resultDays} days) are kept; ` +
            'set `sourceExpiry` and `resultExpiry` to what is needed.',
    ].join('\n');
}
