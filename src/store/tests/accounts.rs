//! Accounts are found.

use super::*;
use crate::model::{Account, AccountId};

#[tokio::test]
async fn accounts_are_found_by_a_part_of_their_names_in_the_order_they_were_made() {
    let (store, _closing) = Store::in_memory().expect("a store");
    let names: Vec<String> = (0..2500).map(|number| format!("Person {number}")).collect();
    let others = ["Änne", "Rana", "Mana", "大文", "Δημήτρης"].map(str::to_owned);
    for name in names.iter().chain(&others) {
        let id = AccountId::fresh();
        let (principal, name) = (Principal::account(&id), Handle::new(name).expect("a name"));
        let account = Account::new(id, principal, name, Role::Member);
        assert_eq!(store.add_account(&account, None, |_| ()).await, Ok(AccountAdded::Added));
    }
    let found = async |part: &str, after: Option<AccountId>, limit: usize| {
        let found = store.accounts_named(part, after.as_ref(), limit).await.expect("readable");
        let names: Vec<_> = found.iter().map(|account| account.name.to_string()).collect();
        (names, found.last().map(|account| account.id.clone()))
    };
    for part in ["änne", "rana", "大", "ημή"] {
        assert_eq!(found(part, None, 9).await.0.len(), 1, "{part}");
    }
    assert!(found("rn", None, 9).await.0.is_empty(), "what only looks alike is not meant");
    assert!(found("nobody", None, 9).await.0.is_empty());
    let (all, mut after) = (names.clone(), None);
    let mut paged = Vec::new();
    while paged.len() < all.len() {
        let (page, last) = found("erson", after.clone(), 700).await;
        assert!(!page.is_empty());
        paged.extend(page);
        after = last;
    }
    assert_eq!(paged, all);
}
