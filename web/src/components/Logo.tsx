import type { ReactNode } from 'react';

export function Logo(): ReactNode {
  return (
    <span className="logo">
      <svg width="30" height="30" viewBox="0 0 32 32" aria-hidden="true">
        <rect className="logo__ground" width="32" height="32" rx="9" />
        <rect className="logo__body" x="6" y="9" width="13" height="14" rx="4.5" />
        <path
          className="logo__lens"
          d="M21 14.2 25.1 11.4A.9.9 0 0 1 26.5 12.1V19.9A.9.9 0 0 1 25.1 20.6L21 17.8Z"
        />
      </svg>
      videocall
    </span>
  );
}
