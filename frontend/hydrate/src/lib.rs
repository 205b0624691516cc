//! The module that the browser loads: it wakes the islands and holds nothing else.
