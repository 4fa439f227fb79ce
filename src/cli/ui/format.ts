/** Numbers as people read them. */

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Three significant digits and a decimal unit: "2.81 MB". */
export function formatBytes(bytes: number): string {
    return scaled(bytes, BYTE_UNITS);
}

/** "1.24 Mbit/s" */
export function formatBitrate(bitsPerSecond: number): string {
    return scaled(bitsPerSecond, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s']);
}

/** "31.5 MB/s" */
export function formatSpeed(bytesPerSecond: number): string {
    return `${formatBytes(bytesPerSecond)}/s`;
}

function scaled(value: number, units: readonly string[]): string {
    let scale = 0;
    let number = value;
    // 999.5 would be shown as 1000.
    while (number >= 999.5 && scale < units.length - 1) {
        number /= 1000;
        scale++;
    }
    const digits = scale === 0 || number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
    return `${number.toFixed(digits)} ${units[scale] ?? ''}`;
}

/** Seconds as "0:07", "12:34" or "1:02:03". */
export function formatDuration(seconds: number): string {
    const whole = Math.max(0, Math.round(seconds));
    const two = (number: number): string => String(number).padStart(2, '0');
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor(whole / 60) % 60;
    return hours > 0
        ? `${hours}:${two(minutes)}:${two(whole % 60)}`
        : `${minutes}:${two(whole % 60)}`;
}

/** A short time with its fraction: "4.2 s", or "1:23" from a minute on. */
export function formatElapsed(seconds: number): string {
    return seconds < 60 ? `${seconds.toFixed(1)} s` : formatDuration(seconds);
}

export function formatFps(fps: number): string {
    return `${fps >= 99.95 ? fps.toFixed(0) : fps.toFixed(1)} fps`;
}

/** A luma PSNR; what is beyond measure is lossless (kvazaar says 999.99). */
export function formatPsnr(db: number): string {
    return db >= 999 ? 'lossless' : `PSNR ${db.toFixed(2)} dB`;
}

/** How much smaller: "39 %, 2.6:1"; larger ones say so. */
export function formatRatio(inputBytes: number, outputBytes: number): string {
    const percent = (outputBytes / inputBytes) * 100;
    const share = `${percent < 9.95 ? percent.toFixed(1) : percent.toFixed(0)} %`;
    return outputBytes <= inputBytes
        ? `${share}, ${(inputBytes / outputBytes).toFixed(1)}:1`
        : `${share}, larger than the input`;
}

/** Whole percent, never 100 before it is all. */
export function percentOf(part: number, whole: number): number {
    if (whole <= 0) return 0;
    return part >= whole ? 100 : Math.min(99, Math.floor((part / whole) * 100));
}

/**
 * Text of at most `width` characters: a longer one loses its middle, so that its ending stays.
 * @param ellipsis what stands in the middle's place
 */
export function shorten(text: string, width: number, ellipsis = '…'): string {
    if (text.length <= width) return text;
    const room = width - ellipsis.length;
    if (room <= 0) return text.slice(0, Math.max(0, width));
    const tail = Math.floor(room / 2);
    return `${text.slice(0, room - tail)}${ellipsis}${tail > 0 ? text.slice(-tail) : ''}`;
}
