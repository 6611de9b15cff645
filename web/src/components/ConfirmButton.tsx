import { useState } from 'react';
import type { ReactNode } from 'react';

/** For what cannot be undone: the first press asks, the second does it. Leaving the button takes it back. */
export function ConfirmButton(props: {
  testId: string;
  text: string;
  question: string;
  onConfirm: () => void;
}): ReactNode {
  const [isAsking, setAsking] = useState(false);
  return (
    <button
      type="button"
      className={`button button--small ${isAsking ? 'button--danger' : ''}`}
      data-testid={props.testId}
      data-asking={isAsking}
      aria-live="polite"
      onBlur={() => setAsking(false)}
      onClick={() => {
        setAsking(!isAsking);
        if (isAsking) props.onConfirm();
      }}
    >
      {isAsking ? props.question : props.text}
    </button>
  );
}
