//! Records of the bank and the events they become.

use bank_import::{accounts, in_time_order, transactions};

const HEADER: &str = "seq,trans_id,account_id,date,type,operation,k_symbol,bank,counter_account,amount,signed_amount,published_balance\n";

fn transaction(line: &str) -> Result<String, String> {
    match transactions(format!("{HEADER}{line}\n").as_bytes()) {
        Ok(events) => Ok(events.iter().map(ToString::to_string).collect()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_transaction_becomes_an_event_in_cents_with_english_words() {
    assert_eq!(
        transaction("7,171812,576,1993-01-31,VYDAJ,PREVOD NA UCET,SIPO,ST,89597016,3372.70,-3372.70,100.00").unwrap(),
        r#"{"specversion":"1.0","id":"transaction-171812","source":"/berka","type":"bank.TransactionPosted","#.to_owned()
            + r#""subject":"account/576","time":"1993-01-31T00:00:00Z","data":{"account":576,"transaction":"171812","#
            + r#""date":"1993-01-31","kind":"debit","amount":337270,"operation":"transfer-out","purpose":"household","#
            + r#""counterparty":"ST/89597016"}}"#
    );
}

#[test]
fn what_a_transaction_does_not_say_is_left_out() {
    let event = transaction("1,5,6,1993-01-01,PRIJEM,,,,,0.05,0.05,0.05").unwrap();
    assert!(event.ends_with(r#""data":{"account":6,"transaction":"5","date":"1993-01-01","kind":"credit","amount":5}}"#), "{event}");
}

#[test]
fn an_unknown_code_names_its_line_and_what_was_expected() {
    assert_eq!(
        transaction("1,5,6,1993-01-01,GESCHENK,,,,,0.05,0.05,0.05").unwrap_err(),
        "transactions, line 2: type is `GESCHENK`, expected PRIJEM, VYDAJ or VYBER"
    );
    assert_eq!(
        transaction("1,5,6,1993-01-01,PRIJEM,,,,,0.5,0.5,0.5").unwrap_err(),
        "transactions, line 2: amount is `0.5`, expected an amount with two decimals"
    );
}

#[test]
fn accounts_open_before_transactions_of_the_same_day_and_transactions_keep_their_order() {
    let mut events = accounts(
        &b"\"account_id\";\"district_id\";\"frequency\";\"date\"\n6;1;\"POPLATEK TYDNE\";930102\n"
            [..],
    )
    .unwrap();
    let lines = "1,8,6,1993-01-02,PRIJEM,,,,,1.00,1.00,1.00\n2,7,6,1993-01-02,PRIJEM,,,,,1.00,1.00,1.00\n\
                 3,9,5,1993-01-01,PRIJEM,,,,,1.00,1.00,1.00\n";
    events.extend(transactions(format!("{HEADER}{lines}").as_bytes()).unwrap());
    let ids: Vec<String> = in_time_order(events)
        .into_iter()
        .map(|event| event.id)
        .collect();
    assert_eq!(
        ids,
        [
            "transaction-9",
            "account-6",
            "transaction-8",
            "transaction-7"
        ]
    );
}
