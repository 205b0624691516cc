//! What a test is told, such as its log: a place to write that can be read meanwhile.

use serde_json::Value;
use std::io::{Result, Write};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<u8>>>);

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Heard {
    /// One for each line that is written.
    pub fn writer(&self) -> impl Fn() -> Self + Send + Sync + 'static {
        let heard = self.clone();
        move || heard.clone()
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// What was written until now is not asked for.
    pub fn clear(&self) {
        self.take();
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lines of JSON: those since this was asked last.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        let bytes = self.take();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    }
}
