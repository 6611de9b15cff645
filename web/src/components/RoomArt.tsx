import type { ReactNode } from 'react';

/** The picture of the landing page: a small call, drawn with the colours of the real tiles. */
export function RoomArt(): ReactNode {
  return (
    <div className="art" aria-hidden="true">
      <div className="art__tile art__tile--wide" data-hue="0" data-speaking="true">
        <Person hair="round" />
        <span className="art__wave">
          <i />
          <i />
          <i />
        </span>
      </div>
      <div className="art__tile" data-hue="3">
        <Person hair="long" />
      </div>
      <div className="art__tile art__tile--screen" data-hue="1">
        <svg viewBox="0 0 160 100" preserveAspectRatio="none">
          <rect className="art__paper" x="14" y="14" width="132" height="72" rx="7" />
        </svg>
        <svg className="art__chart" viewBox="0 0 160 100">
          <path d="M30 68 54 50l20 9 26-28 30 14" />
          <circle cx="100" cy="31" r="4.5" />
        </svg>
      </div>
      <div className="art__tile" data-hue="4">
        <Person hair="short" />
      </div>
      <div className="art__tile" data-hue="2">
        <Person hair="bun" />
      </div>
    </div>
  );
}

function Person(props: { hair: 'round' | 'long' | 'short' | 'bun' }): ReactNode {
  return (
    <svg className="person" viewBox="0 0 120 120" preserveAspectRatio="xMidYMax slice">
      {props.hair === 'long' && (
        <path className="person__hair" d="M34 92V50a26 26 0 0 1 52 0v42Z" />
      )}
      {props.hair === 'bun' && <circle className="person__hair" cx="60" cy="20" r="11" />}
      <path className="person__body" d="M14 124c2-26 20-40 46-40s44 14 46 40Z" />
      <rect className="person__skin" x="50" y="66" width="20" height="26" rx="10" />
      <ellipse className="person__skin" cx="60" cy="54" rx="20" ry="23" />
      {props.hair === 'round' && (
        <path
          className="person__hair"
          d="M36 56c-4-20 8-32 24-32s28 12 24 32c-3-12-9-17-24-17s-21 5-24 17Z"
        />
      )}
      {props.hair === 'long' && (
        <path
          className="person__hair"
          d="M38 54c0-16 8-25 22-25s22 9 22 25c-6-9-18-8-26-15-4 8-12 8-18 15Z"
        />
      )}
      {props.hair === 'short' && (
        <path
          className="person__hair"
          d="M39 50c-2-14 8-23 21-23 15 0 23 9 21 23-4-8-8-10-21-10s-17 2-21 10Z"
        />
      )}
      {props.hair === 'bun' && (
        <path
          className="person__hair"
          d="M39 52c-1-15 8-24 21-24s22 9 21 24c-5-11-11-14-21-14s-16 3-21 14Z"
        />
      )}
    </svg>
  );
}
