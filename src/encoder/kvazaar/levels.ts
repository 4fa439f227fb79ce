/** Limits of the HEVC levels (ITU-T H.265, tables A.8 and A.9), as kvazaar applies them. */

export interface LevelLimits {
    /** Luma samples of a picture. */
    readonly pictureSamples: number;
    /** Luma samples per second. */
    readonly samplesPerSecond: number;
    readonly mainTierBitrateBps: number;
    /** Absent where there is no high tier. */
    readonly highTierBitrateBps?: number;
}

function limits(
    pictureSamples: number,
    samplesPerSecond: number,
    mainTierKbps: number,
    highTierKbps?: number,
): LevelLimits {
    const main = { pictureSamples, samplesPerSecond, mainTierBitrateBps: mainTierKbps * 1000 };
    return highTierKbps === undefined ? main : { ...main, highTierBitrateBps: highTierKbps * 1000 };
}

/** By level, as kvazaar spells it. */
export const LEVELS: ReadonlyMap<string, LevelLimits> = new Map([
    ['1', limits(36_864, 552_960, 128)],
    ['2', limits(122_880, 3_686_400, 1_500)],
    ['2.1', limits(245_760, 7_372_800, 3_000)],
    ['3', limits(552_960, 16_588_800, 6_000)],
    ['3.1', limits(983_040, 33_177_600, 10_000)],
    ['4', limits(2_228_224, 66_846_720, 12_000, 30_000)],
    ['4.1', limits(2_228_224, 133_693_440, 20_000, 50_000)],
    ['5', limits(8_912_896, 267_386_880, 25_000, 100_000)],
    ['5.1', limits(8_912_896, 534_773_760, 40_000, 160_000)],
    ['5.2', limits(8_912_896, 1_069_547_520, 60_000, 240_000)],
    ['6', limits(35_651_584, 1_069_547_520, 60_000, 240_000)],
    ['6.1', limits(35_651_584, 2_139_095_040, 120_000, 480_000)],
    ['6.2', limits(35_651_584, 4_278_190_080, 240_000, 800_000)],
]);
