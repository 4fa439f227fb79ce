/** One job on one line of `top`, and the widths of its columns. */
import { Box, Text } from 'ink';
import type { Job } from '../../protocol/messages.js';
import { shorten } from '../ui/format.js';
import { printable } from '../ui/printable.js';
import { ProgressBar } from '../ui/ProgressBar.js';
import type { Theme } from '../ui/theme.js';
import { detailParts, fitParts, placeText } from './queue-text.js';

const STATE_WIDTH = 9;
const PLACE_WIDTH = 5;
const GAP = 1;
const MAX_NAME = 60;

export interface Columns {
    name: number;
    /** 0 where there is no room. */
    bar: number;
    detail: number;
}

/** Widths of the columns: on narrow terminals first the bar goes, then the details. */
function topColumns(width: number): Columns {
    const rest = width - 2 - STATE_WIDTH - PLACE_WIDTH - 2 * GAP;
    if (rest < 36) return { name: Math.max(1, rest), bar: 0, detail: 0 };
    if (rest < 60) {
        const detail = Math.floor(rest * 0.45);
        return { name: rest - detail - GAP, bar: 0, detail };
    }
    const bar = Math.min(24, Math.floor(rest / 6));
    const name = Math.min(MAX_NAME, Math.floor((rest - bar - 2 * GAP) * 0.5));
    return { name, bar, detail: rest - bar - name - 2 * GAP };
}

const COLOR: Partial<Record<Job['state'], string>> = {
    encoding: 'cyan',
    probing: 'cyan',
    packaging: 'cyan',
    ready: 'green',
    failed: 'red',
    queued: 'yellow',
};

/** The names of the columns. */
export function TopHeader(props: { width: number; theme: Theme }): React.ReactNode {
    const { name, bar, detail } = topColumns(props.width);
    const cells = [
        `  ${'STATE'.padEnd(STATE_WIDTH)}`,
        ''.padEnd(PLACE_WIDTH),
        ...(bar > 0 ? [''.padEnd(bar)] : []),
        'FILE'.padEnd(name),
        ...(detail > 0 ? ['DETAILS'.slice(0, detail)] : []),
    ];
    return (
        <Text bold={props.theme.color} wrap="truncate">
            {cells.join(' ')}
        </Text>
    );
}

/** One job on one line. */
export function TopRow(props: {
    job: Job;
    width: number;
    theme: Theme;
    selected: boolean;
    nowMs: number;
}): React.ReactNode {
    const { job, width, theme, selected, nowMs } = props;
    const { state, progress } = job;
    const { name, bar, detail } = topColumns(width);
    const color = theme.color ? COLOR[state] : undefined;
    const percent = progress?.percent;
    return (
        <Box width={width} height={1}>
            <Text inverse={selected && theme.color} wrap="truncate">
                {`${selected ? theme.active : ' '} `}
                <Text {...(color === undefined ? {} : { color })}>{state.padEnd(STATE_WIDTH)}</Text>
                {` ${placeText(job).padStart(PLACE_WIDTH)}`}
                {bar === 0 ? null : (
                    <>
                        {' '}
                        {state === 'encoding' && percent !== undefined ? (
                            <ProgressBar percent={percent} width={bar} theme={theme} />
                        ) : (
                            ''.padEnd(bar)
                        )}
                    </>
                )}
                {` ${shorten(printable(job.name), name, theme.ascii ? '..' : '…').padEnd(name)}`}
                {detail === 0
                    ? null
                    : ` ${fitParts(detailParts(job, nowMs), detail, theme.dot).padEnd(detail)}`}
            </Text>
        </Box>
    );
}
