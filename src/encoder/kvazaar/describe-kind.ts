/** Kinds of values in words. */
import { GOP_SYNTAX } from './gop.js';
import { LEVELS } from './levels.js';
import type { ValueKind } from './kinds.js';

/** What a kind of value allows, for messages that read "--qp 99: must be …". */
export function describeKind(kind: ValueKind): string {
    switch (kind.type) {
        case 'flag':
        case 'switch':
            return 'given without a value';
        case 'integer': {
            const range =
                kind.min === kind.max
                    ? String(kind.min)
                    : `an integer from ${kind.min} to ${kind.max}`;
            return [range, ...(kind.words ?? [])].join(' or ');
        }
        case 'choice':
            return `one of ${kind.values.join(', ')}`;
        case 'gop':
            return GOP_SYNTAX;
        case 'level':
            return `one of ${[...LEVELS.keys()].join(', ')}`;
        case 'deblock':
            return 'BETA:TC, both from -6 to 6';
        case 'depths':
            return (
                `MIN-MAX from ${kind.min} to ${kind.max} with MIN not above MAX, ` +
                'or up to 6 of them for the GOP layers, separated by commas'
            );
        case 'tiles':
            return 'COLUMNSxROWS, both from 1 to 47';
        case 'tile-split':
            return (
                'uN with N from 2 to 47, or rising multiples of 64 (pixels) ' +
                'separated by commas, at most 46'
            );
        case 'aspect-ratio':
            return 'WIDTH:HEIGHT, both from 1 to 65535';
        case 'crypto':
            return (
                'on, off, or some of mvs, mv_signs, trans_coeffs, trans_coeff_signs, ' +
                'intra_pred_modes joined by "+"'
            );
        case 'key':
            return '16 numbers from 0 to 255, separated by commas';
        case 'resolution':
            return 'WIDTHxHEIGHT in pixels';
        case 'frame-rate':
            return 'NUM/DENOM';
        case 'text':
            break;
    }
    return 'a text';
}
