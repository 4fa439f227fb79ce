/** What ffmpeg knows of its pixel formats. */
import * as z from 'zod';

export interface PixelFormat {
    /** Most bits of any component. */
    bitDepth: number;
    isRgb: boolean;
    hasAlpha: boolean;
    /**
     * Luma alone, in 8 to 16 bits. ffmpeg's scaler takes it for full range where the source does
     * not say (`handle_jpeg` in libswscale/utils.c), and so do the players built on it. That is not
     * so for grey of floating point, nor for black and white in bits.
     */
    isGray: boolean;
    /** Whether ffmpeg can make other formats of it. */
    isConvertible: boolean;
}

const flag = z.number().transform((value) => value !== 0);

const pixelFormatsSchema = z.object({
    pixel_formats: z.array(
        z.object({
            name: z.string(),
            flags: z.object({ rgb: flag, alpha: flag, palette: flag }),
            components: z.array(z.object({ bit_depth: z.number() })).default([]),
        }),
    ),
});

/** Lines like `IO... yuv420p   3   12   8-8-8`; `I`: can be converted from. */
const CONVERTIBLE = /^I\S{4} (\w+)\s+\d/gm;

/**
 * @param ask runs ffprobe and gives what it writes to stdout
 * @returns ffmpeg's formats by their names
 */
export async function readPixelFormats(
    ask: (args: readonly string[]) => Promise<string>,
): Promise<ReadonlyMap<string, PixelFormat>> {
    const json = await ask(['-v', 'error', '-show_pixel_formats', '-of', 'json=c=1']);
    const list = await ask(['-v', 'error', '-pix_fmts']);
    const convertible = new Set([...list.matchAll(CONVERTIBLE)].map(([, name]) => name));
    const { pixel_formats: formats } = pixelFormatsSchema.parse(JSON.parse(json));
    return new Map(
        formats.map(({ name, flags, components }) => {
            const isRgb = flags.rgb || flags.palette;
            const depths = components.map((component) => component.bit_depth);
            const [luma = 0] = depths;
            return [
                name,
                {
                    bitDepth: Math.max(8, ...depths),
                    isRgb,
                    hasAlpha: flags.alpha,
                    isGray:
                        !isRgb &&
                        depths.length === (flags.alpha ? 2 : 1) &&
                        luma >= 8 &&
                        luma <= 16,
                    isConvertible: convertible.has(name),
                },
            ];
        }),
    );
}
