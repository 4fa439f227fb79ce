// What a run of the benchmarks can be told, by environment variables.
import { tmpdir } from 'node:os';

const UNITS = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, K: 1e3, M: 1e6, G: 1e9 };

/** Bytes of "2GiB", "50G" or "1048576". @throws Error naming the variable */
function sizeOf(variable, fallback) {
    const text = process.env[variable] || fallback;
    const [, digits, unit] = /^(\d+)([KMG]i?)?B?$/.exec(text) ?? [];
    const factor = UNITS[unit === undefined ? '' : unit.endsWith('i') ? `${unit}B` : unit];
    if (digits === undefined || factor === undefined) {
        throw new Error(`${variable}: expected a size such as 256MiB, 2GiB or 50G, not "${text}"`);
    }
    return Number(digits) * factor;
}

/** A whole number of at least 1. @throws Error naming the variable */
function countOf(variable, fallback) {
    const value = Number(process.env[variable] || fallback);
    if (!Number.isInteger(value) || value < 1) {
        throw new Error(`${variable}: expected a whole number of at least 1`);
    }
    return value;
}

/** Bytes of the file that is uploaded and copied. */
export const uploadBytes = () => sizeOf('KVZ_BENCH_UPLOAD_SIZE', '2GiB');
/** Bytes of the file that the daemon knows already; DESIGN's 50 GB take about a minute to hash. */
export const knownBytes = () => sizeOf('KVZ_BENCH_KNOWN_SIZE', '2G');
/** How often each contender has its turn. */
export const rounds = () => countOf('KVZ_BENCH_ROUNDS', 5);
/** Folder on the disk that is measured; everything made in it is removed again. */
export const scratchParent = () => process.env.KVZ_BENCH_DIR || tmpdir();
/** Seconds that one encode takes on two cores, roughly; shorter ones show start-up costs. */
export const encodeSeconds = () => countOf('KVZ_BENCH_ENCODE_SECONDS', 30);
/** Clients that watch jobs at the same time. */
export const watchers = () => countOf('KVZ_BENCH_WATCHERS', 1000);
/** Seconds that they watch in each round. */
export const watchSeconds = () => countOf('KVZ_BENCH_WATCH_SECONDS', 10);
/** Finished jobs in the database of a daemon that is started. */
export const finishedJobs = () => countOf('KVZ_BENCH_FINISHED_JOBS', 100_000);
/** Jobs without an encode that each queue has to bring through. */
export const scaleJobs = () => countOf('KVZ_BENCH_SCALE_JOBS', 2000);
/** Bytes of the source that is sent to a daemon and fetched from it by a worker. */
export const scaleBytes = () => sizeOf('KVZ_BENCH_SCALE_SIZE', '512MiB');
/** Seconds of video in each of the clips that workers share. */
export const scaleSeconds = () => countOf('KVZ_BENCH_SCALE_SECONDS', 10);
