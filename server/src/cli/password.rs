//! Reading a password: from standard input, or from the terminal without showing it.

use super::Failure;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::{
    fs::OpenOptions,
    io::{BufRead as _, BufReader, IsTerminal as _, Read as _, Write as _},
};

const MOST_BYTES: u64 = 4_096;

/// # Errors
/// When there is neither a terminal nor `--password-stdin`.
pub fn read(from_stdin: bool, prompt: &str) -> Result<String, Failure> {
    let password = if from_stdin { from_input()? } else { from_terminal(prompt)? };
    if password.is_empty() {
        return Err(Failure::Usage("the password is empty".to_owned()));
    }
    Ok(password)
}

/// The present password, and the new one.
///
/// # Errors
/// As [`read`]; when there are not two, or the new one was typed in two ways.
pub fn read_change(from_stdin: bool) -> Result<(String, String), Failure> {
    if from_stdin {
        let text = from_input()?;
        let two = text.split_once('\n').filter(|(present, new)| !present.is_empty() && !new.is_empty());
        let (present, new) = two.ok_or_else(|| {
            Failure::Usage(
                "--password-stdin takes two lines: the present password, and the new one".to_owned(),
            )
        })?;
        return Ok((present.trim_end_matches('\r').to_owned(), new.to_owned()));
    }
    let (present, new) = (read(false, "Present password")?, read(false, "New password")?);
    if read(false, "New password, again")? != new {
        return Err(Failure::Usage("the new password was typed in two ways".to_owned()));
    }
    Ok((present, new))
}

/// All of it, but for one line end.
fn from_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().take(MOST_BYTES).read_to_string(&mut text)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

fn from_terminal(prompt: &str) -> Result<String, Failure> {
    if !std::io::stderr().is_terminal() {
        return Err(Failure::Usage(
            "there is no terminal to ask for the password: use --password-stdin".to_owned(),
        ));
    }
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&terminal).map_err(std::io::Error::from)?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &hidden).map_err(std::io::Error::from)?;
    let read = || -> std::io::Result<String> {
        write!(&terminal, "{prompt}: ")?;
        let mut line = String::new();
        BufReader::new(&terminal).read_line(&mut line)?;
        writeln!(&terminal)?;
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    };
    let line = read();
    tcsetattr(&terminal, OptionalActions::Flush, &before).map_err(std::io::Error::from)?;
    Ok(line?)
}
