/** What becomes of the source's sound in each container. */
import type { AudioTrackResult, Container } from './job.js';
import type { StreamInfo } from './source-info.js';

/** Codecs that ffmpeg can put into the container as they are. */
const COPYABLE: Readonly<Record<Exclude<Container, 'hevc'>, ReadonlySet<string>>> = {
    mp4: new Set(['aac', 'ac3', 'alac', 'eac3', 'flac', 'mp3', 'opus']),
    mkv: new Set([
        'aac',
        'ac3',
        'alac',
        'dts',
        'eac3',
        'flac',
        'mlp',
        'mp1',
        'mp2',
        'mp3',
        'opus',
        'pcm_f32le',
        'pcm_s16le',
        'pcm_s24le',
        'pcm_s32le',
        'pcm_u8',
        'truehd',
        'tta',
        'vorbis',
        'wavpack',
    ]),
};

export interface AudioPlan {
    tracks: AudioTrackResult[];
    notes: string[];
}

/** @param streams all streams of the source beside the video */
export function planAudio(container: Container, streams: readonly StreamInfo[]): AudioPlan {
    const audio = streams.filter((stream) => stream.kind === 'audio');
    const notes: string[] = [];
    if (container === 'hevc' && audio.length > 0) {
        notes.push(`audio is left out: an elementary stream holds video only (use mp4 or mkv)`);
    }
    const tracks = audio.map((stream): AudioTrackResult => {
        const track = { sourceIndex: stream.index, codec: stream.codec };
        const language = stream.language === undefined ? {} : { language: stream.language };
        if (container === 'hevc') return { ...track, ...language, treatment: 'dropped' };
        if (stream.codec === 'unknown') {
            notes.push(`audio stream ${stream.index} is left out: its codec is not known`);
            return { ...track, ...language, treatment: 'dropped' };
        }
        if (COPYABLE[container].has(stream.codec)) {
            return { ...track, ...language, treatment: 'copied' };
        }
        notes.push(
            `audio stream ${stream.index} is encoded to AAC: ` +
                `${container} cannot hold ${stream.codec}`,
        );
        return { ...track, ...language, treatment: 'encoded' };
    });
    return { tracks, notes };
}

/**
 * ffmpeg's arguments that map and treat the tracks.
 * @param input number of ffmpeg's input that has them
 */
export function audioArguments(tracks: readonly AudioTrackResult[], input: number): string[] {
    const kept = tracks.filter((track) => track.treatment !== 'dropped');
    return kept.flatMap((track, position) => [
        ...['-map', `${input}:${track.sourceIndex}`],
        ...(track.treatment === 'copied'
            ? [`-c:a:${position}`, 'copy']
            : [`-c:a:${position}`, 'aac', `-b:a:${position}`, '192k']),
    ]);
}
