/** The kinds of values that kvazaar's options take. */

/**
 * A value in its one canonical spelling. Switches are booleans, plain numbers are numbers, and
 * everything else (choices, GOPs, pairs, lists) is a string that was built from parsed parts.
 */
export type OptionValue = boolean | number | string;

export type ValueKind =
    /** `--name` and nothing else; there is no way to say the opposite. */
    | { readonly type: 'flag' }
    /** `--name` or `--no-name`. */
    | { readonly type: 'switch' }
    /** A decimal integer, both ends included, or one of the words. */
    | {
          readonly type: 'integer';
          readonly min: number;
          readonly max: number;
          readonly words?: readonly string[];
      }
    /** One of the words; kvazaar knows the unavailable ones too, but no request can have them. */
    | {
          readonly type: 'choice';
          readonly values: readonly string[];
          readonly unavailable?: { readonly value: string; readonly reason: string };
      }
    /** 0, 8, 16 or lp-gNdNtN. */
    | { readonly type: 'gop' }
    /** A HEVC level: 1, 2, 2.1 … 6.2. */
    | { readonly type: 'level' }
    /** beta:tc, each from -6 to 6. */
    | { readonly type: 'deblock' }
    /** min-max for each GOP layer, separated by commas. */
    | { readonly type: 'depths'; readonly min: number; readonly max: number }
    /** COLUMNSxROWS. */
    | { readonly type: 'tiles' }
    /** uN, or a list of pixel coordinates. */
    | { readonly type: 'tile-split' }
    /** WIDTH:HEIGHT of a sample. */
    | { readonly type: 'aspect-ratio' }
    /** on, off, or features joined by "+". */
    | { readonly type: 'crypto' }
    /** 16 bytes as decimal numbers. */
    | { readonly type: 'key' }
    /** WIDTHxHEIGHT in pixels. */
    | { readonly type: 'resolution' }
    /** NUM/DENOM frames per second. */
    | { readonly type: 'frame-rate' }
    /** Free text, such as a file's name. No request can set one. */
    | { readonly type: 'text' };
