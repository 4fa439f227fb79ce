/** What ffmpeg knows of its pixel formats. */
import { z } from 'zod';

export interface PixelFormat {
    /** Most bits of any component. */
    bitDepth: number;
    isRgb: boolean;
    hasAlpha: boolean;
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

/** Reads what `ffprobe -show_pixel_formats -of json` prints. */
export function parsePixelFormats(json: unknown): ReadonlyMap<string, PixelFormat> {
    const { pixel_formats: formats } = pixelFormatsSchema.parse(json);
    return new Map(
        formats.map(({ name, flags, components }) => [
            name,
            {
                bitDepth: Math.max(8, ...components.map((component) => component.bit_depth)),
                isRgb: flags.rgb || flags.palette,
                hasAlpha: flags.alpha,
            },
        ]),
    );
}
