//! Opens a database as a server does when it starts, and ends by SIGKILL when it has carried out so many statements of migrations. For
//! the tests of what is left then: `migrate_and_die URL COUNT`; with COUNT 0 it lives, and prints how many there were.

use registry_server::sabotage;
use registry_server::store::Target;
use registry_server::store::schema::Schema;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let target: Target = arguments.next().expect("a URL").parse().expect("the URL of a database");
    let count: i64 = arguments.next().expect("a count").parse().expect("a number");
    if count > 0 {
        sabotage::die_after_statements(count);
    }
    let schema = Schema::hold(&target).await.expect("a database");
    schema.up(None).await.expect("migrations");
    println!("{}", sabotage::statements_said());
}
