//! A served book that is studied.

use super::Client;
use crate::history::OnProgress;
use crate::model::{Result, Seq};
use crate::study::Picked;
use crate::verbs::Studies;
use crate::wire::{BisectRequest, Bisected, Dooms, DoomsRequest, Forecast, RemedyRequest};

impl Studies for Client {
    fn bisect(
        &mut self,
        base: &Picked,
        candidate: &Picked,
        expect: &str,
        _: OnProgress<'_>,
    ) -> Result<Bisected<'static>> {
        let request = BisectRequest {
            base: base.to_string(),
            candidate: candidate.to_string(),
            expect: expect.to_owned(),
        };
        self.tell("/bisect", &request)?.read()
    }

    fn dooms(&mut self, request: &DoomsRequest, _: OnProgress<'_>) -> Result<Dooms> {
        self.tell("/dooms", request)?.read()
    }

    fn forecast(
        &mut self,
        seq: Seq,
        request: &RemedyRequest,
        _: OnProgress<'_>,
    ) -> Result<Forecast> {
        let request = RemedyRequest {
            preview: true,
            ..request.clone()
        };
        self.tell(&format!("/events/{seq}/doom"), &request)?.read()
    }
}
