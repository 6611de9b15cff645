import type { ReactNode } from 'react';

/** Line icons on a 24 by 24 grid, drawn with the text's colour. */
const icons = {
  microphone: (
    <>
      <rect x="9" y="3" width="6" height="11" rx="3" />
      <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
    </>
  ),
  microphoneOff: (
    <>
      <path d="M15 9.5V6a3 3 0 0 0-5.7-1.3M9 9v2a3 3 0 0 0 4.4 2.7M5.5 11.5a6.5 6.5 0 0 0 10.4 5.2M18.5 11.5c0 .9-.2 1.7-.5 2.5M12 18v3" />
      <path d="m4 4 16 16" />
    </>
  ),
  camera: (
    <>
      <rect x="2.5" y="6" width="13" height="12" rx="3" />
      <path d="m15.5 10.5 5-3v9l-5-3" />
    </>
  ),
  cameraOff: (
    <>
      <path d="M9.5 6h3a3 3 0 0 1 3 3v3.5M15.5 15.6A3 3 0 0 1 12.5 18h-7a3 3 0 0 1-3-3V9c0-1.3.8-2.4 2-2.8M15.5 10.5l5-3v9l-3-1.8" />
      <path d="m4 4 16 16" />
    </>
  ),
  screen: (
    <>
      <rect x="2.5" y="4" width="19" height="13" rx="2.5" />
      <path d="M8 20.5h8M12 13.5V8m-2.5 2.3L12 7.8l2.5 2.5" />
    </>
  ),
  screenStop: (
    <>
      <rect x="2.5" y="4" width="19" height="13" rx="2.5" />
      <path d="M8 20.5h8M9.8 8.3l4.4 4.4m0-4.4-4.4 4.4" />
    </>
  ),
  leave: (
    <path d="M3.3 15.6c-.9-.8-1.2-2.2-.5-3.3C4.6 9.4 8 7.8 12 7.8s7.4 1.6 9.2 4.5c.7 1.1.4 2.5-.5 3.3l-.6.5c-.6.5-1.5.6-2.2.2l-2-1.1c-.6-.3-.9-1-.8-1.6l.2-1.2c-1-.4-2.2-.6-3.3-.6s-2.3.2-3.3.6l.2 1.2c.1.6-.2 1.3-.8 1.6l-2 1.1c-.7.4-1.6.3-2.2-.2Z" />
  ),
  link: (
    <path d="M10 13.5a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.7 1.7M14 10.5a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.7-1.7" />
  ),
  check: <path d="m4.5 12.5 5 5 10-11" />,
  people: (
    <>
      <circle cx="9" cy="8.5" r="3.5" />
      <path d="M2.5 19.5a6.5 6.5 0 0 1 13 0M15.5 5.3a3.5 3.5 0 0 1 0 6.4M18 14.3a6.5 6.5 0 0 1 3.5 5.2" />
    </>
  ),
  chat: (
    <>
      <path d="M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5v-7Z" />
      <path d="M8 8.5h8M8 11.8h5" />
    </>
  ),
  hand: (
    <path d="M8 12.5V6.2a1.4 1.4 0 0 1 2.8 0v4.6m0-.3V4.4a1.4 1.4 0 0 1 2.8 0v6.1m0-4.6a1.4 1.4 0 0 1 2.8 0v5.4m0-2.8a1.4 1.4 0 0 1 2.8 0V15a6.3 6.3 0 0 1-6.3 6.3h-.9a6.3 6.3 0 0 1-5-2.5l-3-4a1.5 1.5 0 0 1 2.3-1.9L8 14.6v-2.1" />
  ),
  smile: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M8.3 14.2a4.6 4.6 0 0 0 7.4 0M9 9.6v.2M15 9.6v.2" />
    </>
  ),
  more: <path d="M5.5 12v.1M12 12v.1M18.5 12v.1" strokeWidth="2.8" />,
  lock: (
    <>
      <rect x="5" y="10.5" width="14" height="9.5" rx="2.5" />
      <path d="M8 10.5V8a4 4 0 0 1 8 0v2.5M12 14.3v2" />
    </>
  ),
  shield: <path d="M12 3.5 5 6v5.2c0 4.4 2.9 7.6 7 9.3 4.1-1.7 7-4.9 7-9.3V6l-7-2.5Z" />,
  eye: (
    <>
      <path d="M2.8 12S6 5.8 12 5.8 21.2 12 21.2 12 18 18.2 12 18.2 2.8 12 2.8 12Z" />
      <circle cx="12" cy="12" r="2.8" />
    </>
  ),
  send: <path d="M4.5 12 4 4.5 21 12 4 19.5l.5-7.5Zm0 0H12" />,
  settings: (
    <>
      <path d="M4 7.5h8M16.5 7.5H20M4 16.5h3.5M12 16.5h8" />
      <circle cx="14.2" cy="7.5" r="2.2" />
      <circle cx="9.8" cy="16.5" r="2.2" />
    </>
  ),
  warning: <path d="M12 4 2.8 19.5h18.4L12 4Zm0 6v4.5m0 2.7v.1" />,
  speaker: (
    <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4ZM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11" />
  ),
  close: <path d="m6 6 12 12M18 6 6 18" />,
  arrow: <path d="M4.5 12h15m-6-6 6 6-6 6" />,
  refresh: <path d="M19.5 12a7.5 7.5 0 1 1-2.2-5.3l2.2 2.1m0-4.3v4.3h-4.3" />,
} as const;

export type IconName = keyof typeof icons;

export function Icon(props: { name: IconName; size?: number }): ReactNode {
  const size = props.size ?? 22;
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {icons[props.name]}
    </svg>
  );
}
