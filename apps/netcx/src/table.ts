/*
 * Owns: tables for people: as wide as what is in them, or as the terminal when that is less.
 * Invariant: no line is wider than the terminal, down to a few characters a column; where there is no terminal nothing is folded.
 */
import Table from 'cli-table3';
import { stripVTControlCharacters } from 'node:util';

/** Characters that a column keeps, however narrow the terminal is. */
const LEAST = 6;
/** What stands beside the characters of a column: a space on each side, and the line. */
const BESIDE = 3;

/** How a table is drawn. */
export interface TableOptions {
  /** Names of the columns; none when left out. */
  readonly head?: readonly string[];
  /** How columns are aligned; left when left out. */
  readonly aligns?: readonly ('left' | 'right')[];
  /** Columns of the terminal; without bound when left out. */
  readonly width?: number | undefined;
}

/**
 * @param rows - cells, each of one line; one that has colours must be shorter than any column becomes
 * @param options - head, alignment and width
 * @returns the table, without a line feed at its end
 */
export function drawTable(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const { head = [], aligns = [], width = Infinity } = options;
  const all = head.length > 0 ? [head, ...rows] : rows;
  const columns = fit(widest(all), width);
  const table = new Table({
    head: [...head],
    colAligns: [...aligns],
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map((cells) => cells.map((cell, column) => fold(cell, columns[column] ?? 0))));
  return table.toString();
}

/** The characters that each column takes by itself. */
function widest(rows: readonly (readonly string[])[]): number[] {
  const columns: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries())
      columns[column] = Math.max(columns[column] ?? 0, stripVTControlCharacters(cell).length);
  return columns;
}

/** Takes from whichever column is widest until all of them fit. */
function fit(columns: readonly number[], width: number): number[] {
  const fitted = [...columns];
  const taken = (): number => fitted.reduce((sum, column) => sum + column + BESIDE, 1);
  while (taken() > width) {
    const most = Math.max(...fitted);
    if (most <= LEAST) break;
    fitted[fitted.indexOf(most)] = most - 1;
  }
  return fitted;
}

/** Breaks a cell between its words, and a word only where it fills a line alone; the space in front of a cell stays. */
function fold(cell: string, width: number): string {
  if (stripVTControlCharacters(cell).length <= width) return cell;
  const lines: string[] = [];
  let line = ' '.repeat(cell.length - cell.trimStart().length);
  let empty = true;
  for (const word of cell.trim().split(' ')) {
    const joined = empty ? line + word : `${line} ${word}`;
    if (joined.length > width && !empty) {
      lines.push(line);
      line = word;
    } else line = joined;
    empty = false;
    for (; line.length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return [...lines, line].join('\n');
}
