// What a finger does without a tap: handlers of these events run.
() => {
  for (const frame of document.querySelectorAll("iframe")) {
    for (const element of frame.contentDocument?.querySelectorAll("*") ?? []) {
      for (const event of ["mouseover", "pointerover", "focus", "toggle", "error", "load", "animationstart"]) {
        element.dispatchEvent(new Event(event));
      }
    }
  }
  return true;
}
