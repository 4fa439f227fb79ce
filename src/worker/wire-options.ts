/** From the wire's form of a request to the encoder's. */
import {
    KvazaarOptionError,
    parseKvazaarOptions,
    type KvazaarOptions,
} from '../encoder/kvazaar/options.js';
import type { RawFormat as EncoderRawFormat } from '../encoder/index.js';
import { KvzError } from '../protocol/errors.js';
import type { EncodeOptions, RawFormat } from '../protocol/messages.js';

/** The kvazaar options of a request. @throws KvzError BAD_OPTIONS */
export function kvazaarOptions(options: EncodeOptions): KvazaarOptions {
    try {
        return parseKvazaarOptions(options.preset, options.kvazaar);
    } catch (error) {
        if (error instanceof KvazaarOptionError) throw new KvzError('BAD_OPTIONS', error.message);
        throw error;
    }
}

/** The encoder's form of a raw format. */
export function encoderRawFormat(raw: RawFormat): EncoderRawFormat {
    const [num = 0, den = 1] = raw.fps.split('/').map(Number);
    return {
        width: raw.width,
        height: raw.height,
        fps: { num, den },
        pixelFormat: raw.pixelFormat,
    };
}
