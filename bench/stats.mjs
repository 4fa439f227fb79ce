// Numbers of repeated measurements.

/** @param {readonly number[]} values at least one */
export function median(values) {
    const sorted = values.toSorted((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** "1.23 (1.10–1.50)": the median, then the smallest and the largest. */
export function spread(values, digits = 2) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return `${median(values).toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

export const MIB = 2 ** 20;

/** "2 GiB", "256 MiB", "50 GB": the unit in which the number is short. */
export function formatBytes(bytes) {
    const units = { GiB: 2 ** 30, GB: 1e9, MiB: MIB, MB: 1e6 };
    const [unit, factor] = Object.entries(units).find(([, each]) => bytes % each === 0) ?? ['B', 1];
    return `${bytes / factor} ${unit}`;
}
