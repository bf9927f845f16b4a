//! Amounts of a currency.

use std::marker::PhantomData;

use super::scaled::scaled_number;

/// A currency, as a type: crowns cannot be added to euros. Common ones are in [`currency`]; another one is
/// `pub struct XAU; impl Currency for XAU { const CODE: &'static str = "XAU"; }`.
pub trait Currency {
    /// Up to eight capital letters: `CZK`.
    const CODE: &'static str;
}

/// An amount of a currency in units of its last decimal place: `Money<CZK, 2>` counts hundredths of a crown.
///
/// A column keeps the units as a whole number and says what they are: `money(CZK,2)`. A payload has them too: `1250` is 12.50.
/// Sums and products are exact or stop the handler; a division is [rounded](crate::Rounding) as one says.
///
/// ```
/// use daybook_sdk::currency::CZK;
/// use daybook_sdk::{Money, Rounding};
///
/// let price: Money<CZK, 2> = "12.50".parse()?;
/// assert_eq!((price * 3).to_string(), "37.50 CZK");
/// assert_eq!(price.times_ratio(1, 3, Rounding::HalfUp).units(), 417);
/// # Ok::<(), daybook_sdk::NumberError>(())
/// ```
pub struct Money<C, const SCALE: u32> {
    units: i64,
    currency: PhantomData<fn() -> C>,
}

impl<C: Currency, const SCALE: u32> Money<C, SCALE> {
    // Told where the type is used, with the rule in words.
    const PLACES: u32 = {
        assert!(SCALE <= 18, "a 64-bit number has at most 18 decimal places");
        let code = C::CODE.as_bytes();
        assert!(
            !code.is_empty() && code.len() <= 8,
            "a currency's code has 1 to 8 letters"
        );
        let mut at = 0;
        while at < code.len() {
            assert!(
                code[at].is_ascii_uppercase(),
                "a currency's code has capital letters alone: CZK"
            );
            at += 1;
        }
        SCALE
    };
}

scaled_number! {
    impl [C: Currency, const SCALE: u32] for Money<C, SCALE> {
        make(units) Self { units, currency: PhantomData };
        places Self::PLACES;
        largest i64::MAX;
        smallest i64::MIN;
        unit C::CODE;
        format format!("money({},{})", C::CODE, Self::PLACES);
        name format!("money({},{})", C::CODE, Self::PLACES);
        payload Units;
    }
}

/// Common currencies, by their codes in ISO 4217.
pub mod currency {
    use super::Currency;

    macro_rules! currencies {
        ($($code:ident $name:literal,)*) => {$(
            #[doc = $name]
            #[derive(Debug)]
            pub enum $code {}

            impl Currency for $code {
                const CODE: &'static str = stringify!($code);
            }
        )*};
    }

    currencies! {
        AUD "Australian dollars.",
        BRL "Brazilian reals.",
        CAD "Canadian dollars.",
        CHF "Swiss francs.",
        CNY "Chinese yuan.",
        CZK "Czech crowns.",
        DKK "Danish crowns.",
        EUR "Euros.",
        GBP "Pounds sterling.",
        HUF "Hungarian forints.",
        INR "Indian rupees.",
        JPY "Japanese yen.",
        NOK "Norwegian crowns.",
        PLN "Polish zlotys.",
        SEK "Swedish crowns.",
        USD "Dollars of the United States.",
    }
}
