// Input methods: which keys are theirs. Knows no view.

import { useRef } from './html.js';

// The Enter that ends a composition belongs to the input method. Most browsers say
// so on the key event; Safari ends the composition first, within the same turn.
export function useCompositionGuard() {
  const justEnded = useRef(false);
  return {
    endsWith: (event) => event.isComposing || event.keyCode === 229 || justEnded.current,
    handlers: {
      onCompositionEnd: () => {
        justEnded.current = true;
        setTimeout(() => {
          justEnded.current = false;
        });
      },
    },
  };
}
