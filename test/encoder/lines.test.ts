import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter, Tail } from '../../src/encoder/lines.js';

function split(chunks: readonly Buffer[]): string[] {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (const chunk of chunks) splitter.write(chunk);
    splitter.end();
    return lines;
}

describe('LineSplitter', () => {
    it('delivers the same lines however the bytes are cut', () => {
        const text = 'eins\nzwölf\r\n\nfrüh\rspät\nohne Ende';
        const bytes = Buffer.from(text);
        fc.assert(
            fc.property(fc.array(fc.nat({ max: bytes.length })), (cuts) => {
                const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
                const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
                expect(split(chunks)).toEqual(['eins', 'zwölf', 'früh', 'spät', 'ohne Ende']);
            }),
        );
    });

    it('cuts endless lines and goes on after them', () => {
        const chunks = Array.from({ length: 10 }, () => Buffer.from('x'.repeat(10_000)));
        const lines = split([...chunks, Buffer.from('\nnext\n')]);
        expect(lines).toHaveLength(2);
        expect(lines[0]).toHaveLength(16 * 1024);
        expect(lines[1]).toBe('next');
    });
});

describe('Tail', () => {
    it('keeps the last lines, each of bounded length', () => {
        const tail = new Tail(2, 3);
        for (const line of ['a', 'bbbbb', 'c']) tail.add(line);
        expect(tail.toString()).toBe('bbb\nc');
    });
});
