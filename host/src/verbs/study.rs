//! A directory that is studied.

use super::Studies;
use crate::history::OnProgress;
use crate::model::{Error, Result, Seq};
use crate::study::{Picked, Study};
use crate::wire::{Bisected, Dooms, DoomsRequest, Forecast, RemedyRequest};

impl Studies for Study<'_> {
    fn bisect(
        &mut self,
        base: &Picked,
        candidate: &Picked,
        expect: &str,
        progress: OnProgress<'_>,
    ) -> Result<Bisected<'static>> {
        let found = Study::bisect(self, base, candidate, expect, progress)?;
        Ok(Bisected::new(found.as_ref(), self.head().0).into_owned())
    }

    fn dooms(&mut self, request: &DoomsRequest, progress: OnProgress<'_>) -> Result<Dooms> {
        let picked = pinned(request.version.as_deref())?;
        Ok((&self.find_dooms(&picked, request.keep_going, progress)?).into())
    }

    fn forecast(
        &mut self,
        seq: Seq,
        request: &RemedyRequest,
        progress: OnProgress<'_>,
    ) -> Result<Forecast> {
        let picked = pinned(request.version.as_deref())?;
        let Some(remedy) = request.remedy()? else {
            return Err(Error::usage("giving a pin up has no preview"));
        };
        Ok((&Study::forecast(self, &picked, seq, &remedy, progress)?).into())
    }
}

/// A version, and the other plugins as they are active.
fn pinned(version: Option<&str>) -> Result<Picked> {
    let version = version.map(str::parse).transpose()?;
    Ok(Picked::Pinned(version.into_iter().collect()))
}
