import type { CSSProperties, ReactNode } from 'react';
import { Icon } from './Icon';

/** The picture of the landing page: a small call, drawn with the colours of the real tiles. */
export function RoomArt(): ReactNode {
  return (
    <div className="art" aria-hidden="true">
      <div className="art__tile art__tile--wide" data-hue="0" data-speaking="true">
        <Person hair="curly" skin="#b97a52" tone="#2b1d17" />
        <span className="art__wave">
          <i />
          <i />
          <i />
        </span>
      </div>
      <div className="art__tile" data-hue="3">
        <Person hair="long" skin="#efc4a1" tone="#6b3a20" />
      </div>
      <div className="art__tile art__tile--screen" data-hue="1">
        <svg viewBox="0 0 160 120">
          <rect className="art__paper" x="16" y="20" width="128" height="80" rx="8" />
          <path className="art__line" d="M34 80 58 60l20 9 24-28 26 15" />
          <circle className="art__dot" cx="102" cy="41" r="5.5" />
        </svg>
      </div>
      <div className="art__tile" data-hue="4">
        <Person hair="short" skin="#f1cdb0" tone="#c9a35a" />
      </div>
      <div className="art__tile" data-hue="7">
        <span className="avatar">JO</span>
        <span className="art__muted">
          <Icon name="microphoneOff" size={17} />
        </span>
      </div>
      <div className="art__tile" data-hue="2">
        <Person hair="bun" skin="#e0a983" tone="#241a1c" />
      </div>
    </div>
  );
}

interface PersonProps {
  hair: 'curly' | 'long' | 'short' | 'bun';
  skin: string;
  tone: string;
}

function Person(props: PersonProps): ReactNode {
  const colours = { '--skin': props.skin, '--hair': props.tone } as CSSProperties;
  return (
    <svg
      className="person"
      viewBox="0 0 120 104"
      preserveAspectRatio="xMidYMax slice"
      style={colours}
    >
      {behind[props.hair]}
      <path className="person__body" d="M17 106c1-17 15-25 31-27 8 8 16 8 24 0 16 2 30 10 31 27Z" />
      <path className="person__collar" d="M46 79c2 10 8 15 14 15s12-5 14-15l-3-2H49Z" />
      <path className="person__neck" d="M51 64h18v14c0 5-4 9-9 9s-9-4-9-9Z" />
      <rect className="person__skin" x="42" y="28" width="36" height="46" rx="18" />
      <path className="person__face" d="M52 50v1.5M68 50v1.5M54 61c3.5 3.5 8.5 3.5 12 0" />
      {inFront[props.hair]}
    </svg>
  );
}

const behind = {
  curly: (
    <path
      className="person__hair"
      d="M38 56c-9-2-11-13-5-18-3-9 5-17 12-16 5-9 19-10 26-3 9-2 17 7 15 16 7 5 5 18-4 21Z"
    />
  ),
  long: (
    <path
      className="person__hair"
      d="M36 88c-5-8-4-26-3-40 1-17 12-26 27-26s26 9 27 26c1 14 2 32-3 40Z"
    />
  ),
  short: null,
  bun: <circle className="person__hair" cx="60" cy="17" r="9.5" />,
};

const inFront = {
  curly: (
    <path
      className="person__hair"
      d="M41 45c-3-11 5-21 19-21s22 10 19 21c-4-6-7-9-12-9-4 3-9 3-13 1-6 0-10 3-13 8Z"
    />
  ),
  long: (
    <path
      className="person__hair"
      d="M41 52c-2-16 6-27 19-27s21 11 19 27c-3-9-9-14-17-16-5 7-13 10-21 16Z"
    />
  ),
  short: (
    <path
      className="person__hair"
      d="M41 46c-4-14 4-24 19-24 7 0 9 3 13 3 7 2 9 12 6 21-2-6-4-9-8-11-8 1-17 0-23-2-4 3-6 7-7 13Z"
    />
  ),
  bun: (
    <path
      className="person__hair"
      d="M41 48c-3-14 6-23 19-23s22 9 19 23c-4-8-11-11-19-11s-15 3-19 11Z"
    />
  ),
};
