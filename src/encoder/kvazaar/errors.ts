/** What is wrong with a request's kvazaar options, told in one line. */

export const KVAZAAR_OPTION_ERROR_CODES = [
    /** The preset is not one of kvazaar's ten. */
    'UNKNOWN_PRESET',
    /** kvazaar has no such option, or the argument is not an option at all. */
    'UNKNOWN_OPTION',
    /** kvazaar has the option, but a request cannot set it; `allowed` says why. */
    'OPTION_REFUSED',
    /** The value is not one that kvazaar can use. */
    'BAD_VALUE',
    /** The option needs a value and none was given. */
    'MISSING_VALUE',
    /** Each option is right by itself, but not with another one or with the picture. */
    'OPTION_CONFLICT',
] as const;

export type KvazaarOptionErrorCode = (typeof KVAZAAR_OPTION_ERROR_CODES)[number];

/** Longest part of what a user typed that is repeated in a message, in characters. */
const QUOTED_LIMIT = 60;

/**
 * What a user typed, made safe for a one-line message: printable ASCII only, other characters as
 * \u{…}, and cut after 60 characters.
 */
export function quotable(text: string): string {
    let shown = '';
    for (const character of text.slice(0, QUOTED_LIMIT + 1)) {
        const code = character.codePointAt(0) ?? 0;
        shown += code >= 0x20 && code < 0x7f ? character : `\\u{${code.toString(16)}}`;
    }
    return shown.length > QUOTED_LIMIT ? `${shown.slice(0, QUOTED_LIMIT)}...` : shown;
}

/** An option or value that cannot be used. The message is one line of printable ASCII. */
export class KvazaarOptionError extends Error {
    override readonly name = 'KvazaarOptionError';
    readonly code: KvazaarOptionErrorCode;
    /** The option as a user would type it, e.g. "--qp"; empty when no option is concerned. */
    readonly option: string;
    /** The value given, cut to a length fit for a message; undefined where there is none. */
    readonly value: string | undefined;
    /** What would be right, or why nothing is, e.g. "an integer from 0 to 51". */
    readonly allowed: string;

    constructor(
        code: KvazaarOptionErrorCode,
        details: { option: string; value?: string; allowed: string; message: string },
    ) {
        super(details.message);
        this.code = code;
        this.option = details.option;
        this.value = details.value === undefined ? undefined : quotable(details.value);
        this.allowed = details.allowed;
    }
}
