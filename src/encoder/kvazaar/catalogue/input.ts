/** Files, presets and everything that says what the input is. */
import type { OptionDefinition } from './types.js';

const FILES = 'kvz-cloud connects input and output itself';
const FROM_SOURCE = 'kvz-cloud sets it from the source';
const FIELDS =
    'interlaced pictures are coded as frames, which players know how to show; with fields, ' +
    'kvazaar 2.3.1 leaves out the parameter sets under the GOPs of its presets';
const WHOLE_INPUT = 'the whole input is coded';

export const INPUT_OPTIONS: readonly OptionDefinition[] = [
    {
        name: 'input',
        short: 'i',
        group: 'Required',
        class: 'ours',
        reason: FILES,
        kind: { type: 'text' },
        help: 'Input file',
    },
    {
        name: 'input-res',
        group: 'Required',
        class: 'ours',
        reason: FROM_SOURCE,
        kind: { type: 'resolution' },
        help: 'Input resolution',
    },
    {
        name: 'output',
        short: 'o',
        group: 'Required',
        class: 'ours',
        reason: FILES,
        kind: { type: 'text' },
        help: 'Output file',
    },
    {
        name: 'preset',
        group: 'Presets',
        class: 'ours',
        reason: "give it as kvz-cloud's own --preset, before the --",
        kind: { type: 'text' },
        help: 'Set options to a preset',
    },
    {
        name: 'frames',
        short: 'n',
        group: 'Input',
        class: 'refused',
        reason: WHOLE_INPUT,
        kind: { type: 'text' },
        help: 'Number of frames to code',
    },
    {
        name: 'seek',
        group: 'Input',
        class: 'refused',
        reason: WHOLE_INPUT,
        kind: { type: 'text' },
        help: 'First frame to code',
    },
    {
        name: 'input-fps',
        group: 'Input',
        class: 'ours',
        reason: FROM_SOURCE,
        kind: { type: 'frame-rate' },
        default: '25/1',
        help: 'Frame rate of the input video',
    },
    {
        name: 'source-scan-type',
        group: 'Input',
        class: 'ours',
        reason: FIELDS,
        kind: { type: 'choice', values: ['progressive', 'tff', 'bff'] },
        default: 'progressive',
        help: 'Source scan type',
    },
    {
        name: 'input-format',
        group: 'Input',
        class: 'ours',
        reason: FROM_SOURCE,
        kind: { type: 'choice', values: ['P420', 'P400'] },
        default: 'P420',
        help: 'Chroma format of the input, P420 or P400',
    },
    {
        name: 'input-bitdepth',
        group: 'Input',
        class: 'ours',
        reason: FROM_SOURCE,
        // The help says 8 to 16, but an 8-bit build of kvazaar exits with an error above 8.
        kind: { type: 'integer', min: 8, max: 8 },
        default: 8,
        help: 'Bits of a sample of the input',
    },
    {
        name: 'loop-input',
        group: 'Input',
        class: 'refused',
        reason: 'it never ends',
        kind: { type: 'flag' },
        help: 'Re-read input file forever',
    },
    {
        name: 'input-file-format',
        group: 'Input',
        class: 'refused',
        reason: 'kvazaar is always given raw frames, and can hang on y4m from a pipe',
        kind: { type: 'text' },
        help: 'Input file format',
    },
    {
        name: 'width',
        short: 'w',
        group: 'Deprecated parameters',
        class: 'refused',
        reason: FROM_SOURCE,
        kind: { type: 'text' },
        help: 'Deprecated form of --input-res',
    },
    {
        name: 'height',
        short: 'h',
        group: 'Deprecated parameters',
        class: 'refused',
        reason: FROM_SOURCE,
        kind: { type: 'text' },
        help: 'Deprecated form of --input-res',
    },
];
