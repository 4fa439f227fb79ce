/** What kvazaar tells of each frame, kept in typed arrays: 25 bytes a frame, not an object. */

export const FRAME_TYPES = ['I', 'P', 'B'] as const;
export type FrameType = (typeof FRAME_TYPES)[number];

/** One frame as kvazaar reports it. */
export interface FrameReport {
    /** Picture order count: the place of the frame in display order, counted by kvazaar. */
    poc: number;
    type: FrameType;
    /** QP of the slice, 0 to 51. */
    qp: number;
    /** Size of the frame in the bitstream. */
    bits: number;
    /** PSNR of the planes in dB; undefined when PSNR is switched off. */
    psnr?: { y: number; u: number; v: number };
}

const INITIAL_CAPACITY = 256;

/** Values of one frame in the array of floats. */
const FIELDS = 4;

/** A growing list of frame reports in coding order. */
export class FrameStatistics implements Iterable<FrameReport> {
    #length = 0;
    #floats = new Float32Array(INITIAL_CAPACITY * FIELDS);
    #integers = new Int32Array(INITIAL_CAPACITY * 2);
    #types = new Uint8Array(INITIAL_CAPACITY);

    get length(): number {
        return this.#length;
    }

    add(report: FrameReport): void {
        const index = this.#length;
        if (index === this.#types.length) this.#grow();
        this.#integers.set([report.poc, report.bits], index * 2);
        this.#types[index] = FRAME_TYPES.indexOf(report.type);
        const { y, u, v } = report.psnr ?? { y: Number.NaN, u: Number.NaN, v: Number.NaN };
        this.#floats.set([report.qp, y, u, v], index * FIELDS);
        this.#length = index + 1;
    }

    /** @param index in coding order, from 0 */
    at(index: number): FrameReport | undefined {
        if (index < 0 || index >= this.#length) return undefined;
        const [poc = 0, bits = 0] = this.#integers.subarray(index * 2, index * 2 + 2);
        const [qp = 0, y = 0, u = 0, v = 0] = this.#floats.subarray(
            index * FIELDS,
            (index + 1) * FIELDS,
        );
        const type = FRAME_TYPES[this.#types[index] ?? 0] ?? 'I';
        const report: FrameReport = {
            poc,
            type,
            qp,
            bits,
        };
        if (!Number.isNaN(y)) {
            report.psnr = { y: roundTo(y, 4), u: roundTo(u, 4), v: roundTo(v, 4) };
        }
        return report;
    }

    *[Symbol.iterator](): Iterator<FrameReport> {
        for (let index = 0; index < this.#length; index++) {
            const report = this.at(index);
            if (report) yield report;
        }
    }

    #grow(): void {
        const capacity = this.#types.length * 2;
        const floats = new Float32Array(capacity * FIELDS);
        floats.set(this.#floats);
        this.#floats = floats;
        const integers = new Int32Array(capacity * 2);
        integers.set(this.#integers);
        this.#integers = integers;
        const types = new Uint8Array(capacity);
        types.set(this.#types);
        this.#types = types;
    }
}

/** The nearest number with so many decimals: takes back what 32-bit floats add. */
function roundTo(value: number, decimals: number): number {
    return Number(value.toFixed(decimals));
}
