//! SOCKS5 proxies (RFC 1928, RFC 1929). The sockets are real and in several tasks, so time is not paused.

use gloria_stream::{ProxyAddress, ProxyChoice};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::network::{Stream, root_file, stream, tls_server};

/// What the proxy does with connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Tunnels to this port, whatever is requested.
    Tunnel(u16),
    /// The same, for clients with this name and password.
    AsksFor(u16, &'static str, &'static str),
    /// Refuses with this code.
    Refuses(u8),
    /// Responds with these bytes.
    Says(&'static [u8]),
}

/// A proxy, and the names and ports that were requested from it.
pub(crate) async fn proxy(behaviour: Behaviour) -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let sender = sender.clone();
            tokio::spawn(async move {
                // A rejected client hangs up before the end.
                let _ = serve(socket, behaviour, &sender).await;
            });
        }
    });
    (port, asked)
}

async fn serve(
    mut client: TcpStream,
    behaviour: Behaviour,
    asked: &mpsc::UnboundedSender<String>,
) -> std::io::Result<()> {
    const NO_AUTHENTICATION: u8 = 0;
    const NAME_AND_PASSWORD: u8 = 2;
    const NONE_OF_THEM: u8 = 0xFF;
    assert_eq!(client.read_u8().await?, 5, "the version");
    let offered = short(&mut client).await?;
    let wanted = match behaviour {
        Behaviour::Says(bytes) => {
            client.write_all(bytes).await?;
            return client.shutdown().await;
        }
        Behaviour::AsksFor(..) => NAME_AND_PASSWORD,
        Behaviour::Tunnel(_) | Behaviour::Refuses(_) => NO_AUTHENTICATION,
    };
    if !offered.contains(&wanted) {
        return client.write_all(&[5, NONE_OF_THEM]).await;
    }
    client.write_all(&[5, wanted]).await?;
    if let Behaviour::AsksFor(_, name, password) = behaviour {
        assert_eq!(client.read_u8().await?, 1, "the version of RFC 1929");
        let shown = (short(&mut client).await?, short(&mut client).await?);
        let right = shown == (name.into(), password.into());
        client.write_all(&[1, u8::from(!right)]).await?;
        if !right {
            return Ok(());
        }
    }
    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    assert_eq!(request[..3], [5, 1, 0], "to connect");
    let host = match request[3] {
        1 => std::net::Ipv4Addr::from(client.read_u32().await?).to_string(),
        3 => String::from_utf8(short(&mut client).await?).unwrap(),
        other => panic!("an address of type {other}"),
    };
    asked
        .send(format!("{host}:{}", client.read_u16().await?))
        .unwrap();
    let (code, to) = match behaviour {
        Behaviour::Refuses(code) => (code, None),
        Behaviour::Tunnel(to) | Behaviour::AsksFor(to, ..) => (0, Some(to)),
        Behaviour::Says(_) => unreachable!("it has said it"),
    };
    client.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    if let Some(to) = to {
        let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
        copy_bidirectional(&mut client, &mut server).await?;
    }
    Ok(())
}

/// Reads bytes that are preceded by their length.
async fn short(socket: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let length = socket.read_u8().await?;
    let mut bytes = vec![0; length.into()];
    socket.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn through(proxy: &str) -> Stream {
    stream("https://gloria.test/api/sse", |options| {
        options.network.proxy = ProxyChoice::Address(ProxyAddress::parse(proxy).unwrap());
        options.network.ca_file = Some(root_file());
        assert!(!format!("{options:?}").contains("s3cret"));
    })
}

#[tokio::test]
async fn a_socks_proxy_leads_to_the_server_and_looks_its_name_up() {
    for scheme in ["socks5", "socks5h", "socks"] {
        let (port, mut asked) = proxy(Behaviour::Tunnel(tls_server())).await;
        let mut stream = through(&format!("{scheme}://127.0.0.1:{port}"));
        assert_eq!(stream.outcome().await.as_deref(), Ok("through"), "{scheme}");
        assert_eq!(asked.recv().await.unwrap(), "gloria.test:443", "{scheme}");
    }
}

#[tokio::test]
async fn a_socks_proxy_that_asks_gets_name_and_password() {
    let asks = Behaviour::AsksFor(tls_server(), "anna", "s3 cret");
    let (port, _asked) = proxy(asks).await;
    let mut stream = through(&format!("socks5://anna:s3%20cret@127.0.0.1:{port}"));
    assert_eq!(stream.outcome().await.as_deref(), Ok("through"));
    for userinfo in ["", "anna:s3cret@", "bob:s3%20cret@"] {
        let mut stream = through(&format!("socks5://{userinfo}127.0.0.1:{port}"));
        let trouble = stream.outcome().await.unwrap_err();
        assert_eq!(trouble.to_string(), "the proxy asks for a sign-in", "{userinfo}");
    }
}

#[tokio::test]
async fn a_socks_proxy_without_a_way_through_says_why() {
    for (behaviour, why) in [
        (Behaviour::Refuses(2), "connection not allowed"),
        (Behaviour::Refuses(4), "host unreachable"),
        (Behaviour::Refuses(5), "connection refused"),
        (Behaviour::Refuses(7), "it makes no connections of this kind"),
        (
            Behaviour::Says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            "it does not answer as a SOCKS proxy",
        ),
        (Behaviour::Says(b""), "it closed the connection"),
    ] {
        let (port, _asked) = proxy(behaviour).await;
        let mut stream = through(&format!("socks5://127.0.0.1:{port}"));
        let trouble = stream.outcome().await.unwrap_err().to_string();
        assert_eq!(
            trouble,
            format!("the proxy did not let the connection through: {why}")
        );
    }
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let mut stream = through(&format!("socks5://{nobody}"));
    assert_eq!(
        stream.outcome().await.unwrap_err().to_string(),
        "the proxy did not let the connection through: nothing answers there"
    );
}
